// Only here so that the precompiled <gtest/gtest.h>, which every test program reuses, has a home.
