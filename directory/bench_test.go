package directory

import (
	"fmt"
	"testing"
)

// Cold is what a first sign-in costs, with the real hash.
func BenchmarkSignInCold(b *testing.B) {
	h := newHouse(b)
	h.hasher = newHasher(defaultCost())
	must(b, h.SetPassword(b.Context(), bob, bobsPassword))
	must(b, h.signIn(b, "192.0.2.1", bob, bobsPassword))
	for b.Loop() {
		h.verified = newVerified()
		must(b, h.signIn(b, "192.0.2.1", bob, bobsPassword))
	}
}

func BenchmarkSignInAgain(b *testing.B) {
	h := newHouse(b)
	must(b, h.signIn(b, "192.0.2.1", bob, bobsPassword))
	for b.Loop() {
		must(b, h.signIn(b, "192.0.2.1", bob, bobsPassword))
	}
}

func BenchmarkSignInSCRAM(b *testing.B) {
	h := newHouse(b)
	for b.Loop() {
		server := h.start(b, mechSCRAM, nil)
		_, _, err := server.Next([]byte("n,,n=" + bob + ",r=abc"))
		must(b, err)
	}
}

func BenchmarkResolve(b *testing.B) {
	h := newHouse(b)
	h.alias(b, "team@office.example ann@home.example", "team@office.example bob@home.example")
	for _, address := range []string{ann, "ann+news@home.example", "team@office.example", "nobody@home.example"} {
		b.Run(address, func(b *testing.B) {
			for b.Loop() {
				h.Resolve(b.Context(), address)
			}
		})
	}
}

// A full log is pruned now and then; this is a pruning and the lines before it.
func BenchmarkAuditFull(b *testing.B) {
	h := newHouse(b)
	fill := func(action string, n int) {
		for i := range n {
			must(b, h.Record(b.Context(), Event{Action: action, Subject: fmt.Sprint(i)}))
		}
	}
	fill("signin.bad", auditSignIns)
	fill("user.add", auditOthers)
	b.ResetTimer()
	for range b.N {
		fill("signin.bad", auditPrune)
	}
}
