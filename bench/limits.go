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
	trip   time.Duration // one byte to another goroutine's socket and back, median
	socket float64       // MB/s through one loopback connection
}

// least is the shortest time in milliseconds that so many bytes, answers waited
// for and flushes can take, one after the other.
func (l limits) least(bytes int64, trips, flushes int) float64 {
	transfer := float64(bytes) / 1e6 / l.socket * 1e3
	return transfer + float64(trips)*milliseconds(l.trip) + float64(flushes)*milliseconds(l.flush)
}

func measureLimits(dir string) (l limits, err error) {
	if l.flush, err = flushTime(dir); err != nil {
		return l, err
	}
	if l.trip, err = overSocket(echo, roundTrip); err != nil {
		return l, err
	}
	took, err := overSocket(pour, drain)
	l.socket = transferred / 1e6 / took.Seconds()
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

// overSocket runs one end of a loopback connection beside the other, which
// measures.
func overSocket(serve func(net.Conn), measure func(net.Conn) (time.Duration, error)) (time.Duration, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			defer conn.Close()
			serve(conn)
		}
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return measure(conn)
}

func echo(conn net.Conn) { _, _ = io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn}) }

func roundTrip(conn net.Conn) (time.Duration, error) {
	var times []time.Duration
	for range 2000 {
		begin := time.Now()
		if _, err := conn.Write([]byte{1}); err != nil {
			return 0, err
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			return 0, err
		}
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

const transferred = 512 << 20

func pour(conn net.Conn) {
	chunk := make([]byte, 64<<10)
	for range transferred / len(chunk) {
		if _, err := conn.Write(chunk); err != nil {
			return
		}
	}
}

func drain(conn net.Conn) (time.Duration, error) {
	begin := time.Now()
	_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{conn}, make([]byte, 64<<10))
	return time.Since(begin), err
}
