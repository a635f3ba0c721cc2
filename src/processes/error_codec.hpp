#pragma once
// An error on its way from a worker to the one who asked.
//
//   encode_error(out, std::current_exception());      // in the worker
//   std::exception_ptr e = decode_error_of(in);        // there: the same type, if it is known

#include <kettle/processes/codec.hpp>

#include <exception>

namespace kettle::inline KETTLE_ABI {

void encode_error(encoder& out, const std::exception_ptr& error);
std::exception_ptr decode_error_of(decoder& in);  // never throws but decode_error

}  // namespace kettle::inline KETTLE_ABI
