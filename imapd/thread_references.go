package imapd

import (
	"cmp"
	"slices"
)

// threadByReferences is REFERENCES (RFC 5256 section 3, THREAD); the numbers in
// comments are its steps.
func threadByReferences(messages []threaded) []*threadNode {
	roots := prune(linkReferences(messages)) // (1) to (3)
	sortThreads(roots, bySent)               // (4)
	roots = gatherSubjects(roots)            // (5)
	for _, t := range roots {                // (6)
		sortBelow(t, bySent)
	}
	sortThreads(roots, bySent)
	return roots
}

// threadByReferencesAlone is REFS: subjects mean nothing, INTERNALDATE counts,
// and the thread with the youngest message comes last.
func threadByReferencesAlone(messages []threaded) []*threadNode {
	byArrival := func(a, b *threaded) int {
		return cmp.Or(cmp.Compare(a.card.Received, b.card.Received), cmp.Compare(a.card.UID, b.card.UID))
	}
	roots := prune(linkReferences(messages))
	youngest := make(map[*threadNode]*threaded, len(roots))
	for _, t := range roots {
		sortBelow(t, byArrival)
		youngest[t] = t.youngest(byArrival)
	}
	slices.SortFunc(roots, func(a, b *threadNode) int { return byArrival(youngest[a], youngest[b]) })
	return roots
}

// youngest returns the last message of a thread by an order.
func (t *threadNode) youngest(compare func(a, b *threaded) int) *threaded {
	last := t.threaded
	for _, child := range t.children {
		if m := child.youngest(compare); last == nil || compare(m, last) > 0 {
			last = m
		}
	}
	return last
}

// A linker holds the parents while references are followed.
type linker struct {
	nodes  []*threadNode
	parent []int32 // -1: none
	byID   map[uint64]int32
}

// maxThreadDepth bounds how long a line of replies to replies may be; a longer
// one goes on as another thread. Real ones are shorter by far, and a loop would
// be one without end.
const maxThreadDepth = 5000

// linkReferences links messages by their references (1) and returns those
// without a parent (2), with dummies.
func linkReferences(messages []threaded) []*threadNode {
	l := &linker{byID: make(map[uint64]int32, 2*len(messages))}
	for i := range messages {
		l.take(&messages[i])
	}
	var roots []*threadNode
	for i, node := range l.nodes {
		if p := l.parent[i]; p >= 0 {
			l.nodes[p].children = append(l.nodes[p].children, node)
		} else {
			roots = append(roots, node)
		}
	}
	return roots
}

// take links one message. Parents that a message gives others are guesses; its
// own is not (1.A, 1.B).
func (l *linker) take(m *threaded) {
	before := int32(-1)
	for _, ref := range m.card.References {
		node := l.find(ref)
		if before >= 0 && l.parent[node] < 0 && !l.isBelow(before, node) {
			l.parent[node] = before
		}
		before = node
	}
	own := l.own(m)
	l.parent[own] = -1
	if before >= 0 && !l.isBelow(before, own) {
		l.parent[own] = before
	}
}

// own returns the message's node. Of messages with the same Message-ID the first
// one has it.
func (l *linker) own(m *threaded) int32 {
	if m.card.ID != 0 {
		if node := l.find(m.card.ID); l.nodes[node].threaded == nil {
			l.nodes[node].threaded = m
			return node
		}
	}
	return l.add(&threadNode{threaded: m})
}

// find returns the node of a Message-ID: a dummy until the message comes.
func (l *linker) find(id uint64) int32 {
	node, ok := l.byID[id]
	if !ok {
		node = l.add(&threadNode{})
		l.byID[id] = node
	}
	return node
}

func (l *linker) add(t *threadNode) int32 {
	l.nodes, l.parent = append(l.nodes, t), append(l.parent, -1)
	return int32(len(l.nodes) - 1)
}

// isBelow reports whether a node is another or below it, or too deep to tell.
func (l *linker) isBelow(node, other int32) bool {
	for depth := 0; node >= 0; depth++ {
		if node == other || depth == maxThreadDepth {
			return true
		}
		node = l.parent[node]
	}
	return false
}

// prune removes dummies (3). One at the top stays if it holds siblings together.
func prune(roots []*threadNode) []*threadNode {
	var kept []*threadNode
	for _, t := range roots {
		t.children = pruneBelow(t.children)
		switch {
		case t.threaded != nil, len(t.children) > 1:
			kept = append(kept, t)
		default:
			kept = append(kept, t.children...)
		}
	}
	return kept
}

func pruneBelow(list []*threadNode) []*threadNode {
	var kept []*threadNode
	for _, t := range list {
		t.children = pruneBelow(t.children)
		if t.threaded != nil {
			kept = append(kept, t)
		} else {
			kept = append(kept, t.children...)
		}
	}
	return kept
}

// head is the message that stands for a thread: that of a dummy is its first
// child.
func (t *threadNode) head() *threaded {
	for t.threaded == nil {
		t = t.children[0]
	}
	return t.threaded
}

// sortThreads sorts threads by their heads; dummies' children first.
func sortThreads(roots []*threadNode, compare func(a, b *threaded) int) {
	for _, t := range roots {
		if t.threaded == nil {
			sortSiblings(t.children, compare)
		}
	}
	sortSiblings(roots, compare)
}

func sortSiblings(list []*threadNode, compare func(a, b *threaded) int) {
	slices.SortFunc(list, func(a, b *threadNode) int { return compare(a.head(), b.head()) })
}

// sortBelow sorts every set of siblings below a message, the deepest first.
func sortBelow(t *threadNode, compare func(a, b *threaded) int) {
	for _, child := range t.children {
		sortBelow(child, compare)
	}
	if len(t.children) > 1 {
		sortSiblings(t.children, compare)
	}
}

// gatherSubjects merges threads with the same base subject (5). An empty subject
// has nothing in common with another.
func gatherSubjects(roots []*threadNode) []*threadNode {
	table := map[uint32]*threadNode{} // (A), by rank
	for _, t := range roots {         // (B)
		subject := t.head().rank
		if t.head().card.Subject == 0 {
			continue
		}
		if in := table[subject]; in == nil || in.threaded != nil && (t.threaded == nil || in.isReply() && !t.isReply()) {
			table[subject] = t
		}
	}
	moved := map[*threadNode]bool{}          // no longer at the top
	instead := map[*threadNode]*threadNode{} // new dummies, in the place of what they hold
	for _, t := range roots {                // (C)
		subject := t.head().rank
		in := table[subject]
		if t.head().card.Subject == 0 || in == t {
			continue
		}
		moved[t] = true
		switch {
		case in.threaded == nil && t.threaded == nil:
			in.children = append(in.children, t.children...)
		case in.threaded == nil, t.isReply() && !in.isReply():
			in.children = append(in.children, t)
		default:
			dummy := &threadNode{children: []*threadNode{in, t}}
			instead[in], table[subject] = dummy, dummy
		}
	}
	var kept []*threadNode
	for _, t := range roots {
		switch dummy := instead[t]; {
		case dummy != nil:
			kept = append(kept, dummy)
		case !moved[t]:
			kept = append(kept, t)
		}
	}
	return kept
}

func (t *threadNode) isReply() bool { return t.threaded != nil && t.card.Reply }
