package main

import (
	"fmt"
	"net"
)

// Answers what a connection sends, or forgets it if its first byte is 'f'. On one processor.
func serve() {
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(door.Addr().(*net.TCPAddr).Port)
	for {
		peer, err := door.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			buffer := make([]byte, 16*1024)
			floods, first := false, true
			for {
				n, err := peer.Read(buffer)
				if err != nil {
					return
				}
				if first {
					first, floods = false, buffer[0] == 'f'
				}
				if !floods {
					peer.Write(buffer[:n])
				}
			}
		}()
	}
}
