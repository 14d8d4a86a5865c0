package queue

import (
	"fmt"
	"sync"
	"testing"
)

// BenchmarkSend takes messages of 1 kB from Accept to the other side's 250 and the
// empty queue, to one destination and to a
// hundred, from 20 users at a time.
func BenchmarkSend(b *testing.B) {
	for _, destinations := range []int{1, 100} {
		b.Run(fmt.Sprintf("destinations=%d", destinations), func(b *testing.B) {
			records := ""
			for i := range destinations {
				records += fmt.Sprintf("d%d.example. A 198.51.100.%d\n", i, i+1)
			}
			h := build(b, records)
			server := startMX(b)
			server.arrived = make(chan struct{}, b.N)
			for i := range destinations {
				h.place(fmt.Sprintf("198.51.100.%d:25", i+1), server.addr)
			}
			h.start()
			b.ResetTimer()
			var submitters sync.WaitGroup
			for first := range 20 {
				submitters.Go(func() {
					for i := first; i < b.N; i += 20 {
						h.submit(fmt.Sprintf("bob%d@d%d.example", i, i%destinations))
					}
				})
			}
			submitters.Wait()
			h.empty()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
			if n := len(server.got()); n != b.N {
				b.Fatalf("%d of %d arrived", n, b.N)
			}
		})
	}
}
