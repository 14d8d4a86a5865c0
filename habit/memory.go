package habit

import "time"

// A memory is a map that forgets what was not used for longest, roughly: what
// falls out of the younger half goes into the older one, and that is thrown away
// when the younger is full again.
type memory[K comparable, V any] struct {
	half         int
	young, aging map[K]V
}

func newMemory[K comparable, V any](most int) memory[K, V] {
	return memory[K, V]{half: max(most/2, 1)}
}

func (m *memory[K, V]) get(key K) (V, bool) {
	if v, ok := m.young[key]; ok {
		return v, true
	}
	v, ok := m.aging[key]
	if ok {
		m.put(key, v)
	}
	return v, ok
}

func (m *memory[K, V]) put(key K, v V) {
	if _, known := m.young[key]; !known && len(m.young) >= m.half {
		m.aging, m.young = m.young, nil
	}
	if m.young == nil {
		m.young = map[K]V{}
	}
	m.young[key] = v
	delete(m.aging, key)
}

func (m *memory[K, V]) drop(key K) {
	delete(m.young, key)
	delete(m.aging, key)
}

func (m *memory[K, V]) each(fn func(K, V)) {
	for k, v := range m.young {
		fn(k, v)
	}
	for k, v := range m.aging {
		fn(k, v)
	}
}

// A burst remembers when something happened, as often as it matters.
type burst struct{ at []time.Time }

// maxBurst is more than any rule asks for.
const maxBurst = 64

// add notes that it happened, and returns how often it did within a while.
func (b *burst) add(now time.Time, within time.Duration) int {
	b.at = append(b.at, now)
	if len(b.at) > maxBurst {
		b.at = append(b.at[:0], b.at[1:]...)
	}
	return b.count(now, within)
}

func (b *burst) count(now time.Time, within time.Duration) int {
	for len(b.at) > 0 && now.Sub(b.at[0]) > within {
		b.at = b.at[1:]
	}
	return len(b.at)
}

// span is the time between the first and the last that are remembered.
func (b *burst) span() time.Duration {
	if len(b.at) == 0 {
		return 0
	}
	return b.at[len(b.at)-1].Sub(b.at[0])
}

func (b *burst) reset() { b.at = nil }
