package imapd

import (
	"strings"

	"letterbox/message"
	"letterbox/store"
)

// between and end frame one FETCH response; see session.beginFetch.
func (f *fetcher) between(k int) {
	if k > 0 {
		f.s.enc.SP()
	}
}

func (f *fetcher) end() { f.s.enc.Text(")\r\n") }

// writeAny writes an item with its name. m is there if any item needs it.
func (f *fetcher) writeAny(it *item, row *store.Row, m *mail, e store.Entry) {
	if it.body() {
		f.writeFromBody(it, m)
		return
	}
	f.writeItem(it, row, e)
}

// writeItem writes an item that needs no more than the row and the entry; the
// row may be missing where the entry has it all.
func (f *fetcher) writeItem(it *item, row *store.Row, e store.Entry) {
	enc := &f.s.enc
	if it.kind == itemModSeq {
		f.s.writeModSeq(e)
		return
	}
	enc.Text(it.label)
	enc.SP()
	switch it.kind {
	case itemFlags:
		f.writeFlags(e)
	case itemUID:
		enc.Number(uint64(e.UID))
	case itemInternalDate:
		enc.DateTime(row.Received)
	case itemSize:
		enc.Number(uint64(row.Size))
	case itemEnvelope:
		enc.Bytes(row.Envelope)
	case itemBody:
		enc.Bytes(message.BodyOf(row.BodyStructure))
	case itemBodyStructure:
		enc.Bytes(row.BodyStructure)
	case itemPreview:
		enc.String(row.Preview)
	case itemSection:
		f.writeHeaderFields(it, row.Header)
	default:
		f.writeIdentity(it, row)
	}
}

// writeIdentity writes what identifies a message beyond its uid: RFC 8474, and
// the date of RFC 8514.
func (f *fetcher) writeIdentity(it *item, row *store.Row) {
	enc := &f.s.enc
	switch it.kind {
	case itemSaveDate:
		enc.DateTime(row.Saved)
	case itemEmailID:
		enc.Text("(" + emailID(row.Message) + ")")
	case itemThreadID:
		enc.Text("(" + threadID(row.Thread) + ")")
	}
}

// flagTexts keeps the written form of the sets of flags that came up: a mailbox
// has few.
type flagTexts map[flagSet]string

type flagSet struct {
	flags  store.Flags
	recent bool
}

// writeFlags is session.writeFlags for many messages.
func (f *fetcher) writeFlags(e store.Entry) {
	set := flagSet{e.Flags, !f.s.rev2 && f.s.sel.isRecent(e.UID)}
	text, ok := f.names[set]
	if !ok {
		var names []string
		for _, name := range f.s.sel.view.FlagNames(e.Flags) {
			names = append(names, string(name))
		}
		if set.recent {
			names = append(names, `\Recent`)
		}
		text = "(" + strings.Join(names, " ") + ")"
		f.names[set] = text
	}
	f.s.enc.Text(text)
}
