package main

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// limits are what the machine allows at best.
type limits struct {
	flush  time.Duration // a 4 kB append with its flush, median
	socket float64       // MB/s through one loopback connection
}

func (l limits) flushesPerSecond() float64 { return 1 / l.flush.Seconds() }
func (l limits) socketSpeed() float64      { return l.socket }

func measureLimits(dir string) (l limits, err error) {
	if l.flush, err = flushTime(dir); err != nil {
		return l, err
	}
	l.socket, err = socketSpeed()
	return l, err
}

func flushTime(dir string) (time.Duration, error) {
	file, err := os.Create(filepath.Join(dir, "flush"))
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	var times []time.Duration
	for range 200 {
		begin := time.Now()
		if _, err := file.Write(make([]byte, 4096)); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

func socketSpeed() (float64, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		chunk := make([]byte, 64<<10)
		for range 1 << 13 { // 512 MiB
			if _, err := conn.Write(chunk); err != nil {
				return
			}
		}
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	begin := time.Now()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{conn}, make([]byte, 64<<10))
	return float64(n) / 1e6 / time.Since(begin).Seconds(), err
}
