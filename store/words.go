package store

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// words are the texts by which a mailbox is sorted, each once: people write
// often, and subjects come back. Safe for concurrent use.
type words struct {
	mu     sync.RWMutex
	texts  []string // by Word; 0 is the empty one
	places map[string]Word
	sorted []uint32 // the ranks of the first len(sorted) words
}

// add returns a text's word.
func (w *words) add(text string) Word {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.places == nil {
		w.texts, w.places = []string{""}, map[string]Word{"": 0}
	}
	word, ok := w.places[text]
	if !ok {
		word = Word(len(w.texts))
		text = strings.Clone(text)
		w.texts, w.places[text] = append(w.texts, text), word
	}
	return word
}

func (w *words) text(word Word) string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if int(word) >= len(w.texts) {
		return ""
	}
	return w.texts[word]
}

func (w *words) count() int {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return len(w.texts)
}

// ranks returns those of at least the first n words. They are comparable among
// each other alone.
func (w *words) ranks(n int) []uint32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.sorted) >= n {
		return w.sorted
	}
	order := make([]Word, len(w.texts))
	for i := range order {
		order[i] = Word(i)
	}
	slices.SortFunc(order, func(a, b Word) int { return cmp.Compare(w.texts[a], w.texts[b]) })
	ranks := make([]uint32, len(order))
	for rank, word := range order {
		ranks[word] = uint32(rank)
	}
	w.sorted = ranks
	return ranks
}
