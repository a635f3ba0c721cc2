// Go's side of the measurements: go_core children|yield|join|memory|serve, go_core sleepers N
//
// All but the sleepers run on one processor, as one loop of kettle does.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const sleepTime = 5 * time.Second

func report(name string, value float64, unit string) {
	fmt.Printf("{\"name\": %q, \"value\": %g, \"unit\": %q}\n", name, value, unit)
}

// Bytes of this process in memory now.
func resident() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	var total, pages float64
	fmt.Sscan(string(text), &total, &pages)
	return pages * float64(os.Getpagesize())
}

func nanoseconds(since time.Time, n int) float64 {
	return float64(time.Since(since).Nanoseconds()) / float64(n)
}

// Start and wait for a thousand at a time.
func children(n int) float64 {
	begin := time.Now()
	for i := 0; i < n; i += 1000 {
		var all sync.WaitGroup
		all.Add(1000)
		for j := 0; j < 1000; j++ {
			go all.Done()
		}
		all.Wait()
	}
	return nanoseconds(begin, n)
}

func yielding(count, times int) float64 {
	var all sync.WaitGroup
	all.Add(count)
	begin := time.Now()
	for i := 0; i < count; i++ {
		go func() {
			for j := 0; j < times; j++ {
				runtime.Gosched()
			}
			all.Done()
		}()
	}
	all.Wait()
	return nanoseconds(begin, count*times)
}

// One after the other.
func join(n int) float64 {
	begin := time.Now()
	for i := 0; i < n; i++ {
		var one sync.WaitGroup
		one.Add(1)
		go one.Done()
		one.Wait()
	}
	return nanoseconds(begin, n)
}

func memory(count int) float64 {
	before := resident()
	var asleep atomic.Int64
	for i := 0; i < count; i++ {
		go func() {
			asleep.Add(1)
			time.Sleep(time.Hour)
		}()
	}
	for asleep.Load() < int64(count) {
		runtime.Gosched()
	}
	return (resident() - before) / float64(count) / 1024
}

func sleepers(count int) {
	before, begin := resident(), time.Now()
	var all sync.WaitGroup
	all.Add(count)
	var asleep atomic.Int64
	for i := 0; i < count; i++ {
		go func() {
			asleep.Add(1)
			time.Sleep(sleepTime)
			all.Done()
		}()
	}
	for asleep.Load() < int64(count) {
		runtime.Gosched()
	}
	report("bytes", (resident()-before)/float64(count), "B")
	all.Wait()
	report("late", (time.Since(begin) - sleepTime).Seconds(), "s")
}

func main() {
	what := os.Args[1]
	if what == "sleepers" {
		count, err := strconv.Atoi(os.Args[2])
		if err != nil {
			panic(err)
		}
		sleepers(count)
		return
	}
	runtime.GOMAXPROCS(1)
	switch what {
	case "children":
		children(100_000)
		report("", children(1_000_000), "ns")
	case "yield":
		yielding(1000, 10)
		report("", yielding(1000, 1000), "ns")
	case "join":
		join(50_000)
		report("", join(500_000), "ns")
	case "memory":
		report("", memory(100_000), "KiB")
	case "serve":
		serve()
	}
}
