package store

import (
	"strings"
	"testing"
	"time"

	"letterbox/quota"
)

// TestUsageDays: one point a day, the last of the day; all together; forgotten
// with the account, and when too old.
func TestUsageDays(t *testing.T) {
	t.Parallel()
	h := build(t)
	now := time.Unix(1_800_000_000, 0)
	record := func(days int) {
		t.Helper()
		must(t, h.RecordUsage(t.Context(), now.AddDate(0, 0, days)))
	}
	days := func(a AccountID) []UsageDay {
		t.Helper()
		list, err := h.UsageDays(t.Context(), a, 0)
		must(t, err)
		return list
	}
	h.fill(h.box("INBOX"), 3)
	record(0)
	h.fill(h.boxOf(bob, "INBOX"), 2)
	record(1)
	h.fill(h.box("INBOX"), 1)
	record(1)
	hers, all := days(alice), days(0)
	if len(hers) != 2 || hers[0].Messages != 3 || hers[1].Messages != 4 || hers[1].Day != quota.DayOf(now)+1 {
		t.Errorf("alice: %+v", hers)
	}
	if len(all) != 2 || all[0].Messages != 3 || all[1].Messages != 6 || all[1].Bytes <= hers[1].Bytes {
		t.Errorf("all: %+v", all)
	}
	must(t, h.RemoveAccount(t.Context(), bob))
	record(keptDays + 1)
	if left := days(0); len(left) != 2 || left[0].Day != quota.DayOf(now)+1 || left[0].Messages != 4 {
		t.Errorf("left: %+v", left)
	}
}

// TestGrowth: from the first day that is not too long ago until now.
func TestGrowth(t *testing.T) {
	t.Parallel()
	h := build(t)
	now := time.Unix(1_800_000_000, 0)
	size := int64(len(letter(1)))
	for day := range 5 {
		h.put(h.box("INBOX"), letter(day))
		must(t, h.RecordUsage(t.Context(), now.AddDate(0, 0, day)))
	}
	h.put(h.box("INBOX"), letter(5)) // of today, and not recorded yet
	later := now.AddDate(0, 0, 5)
	for days, want := range map[int]int64{1: size, 3: 3 * size, 5: 5 * size, 100: 5 * size} {
		grown, err := h.Growth(t.Context(), later, days)
		must(t, err)
		if grown[alice] != want || grown[bob] != 0 {
			t.Errorf("in %d days: %v, want %d", days, grown, want)
		}
	}
	if grown, err := h.Growth(t.Context(), later.AddDate(0, 0, 50), 30); len(grown) != 0 || err != nil {
		t.Errorf("nothing is known of a month ago: %v, %v", grown, err)
	}
}

// TestDiskShares: a body that is kept once is shared by those who have it.
func TestDiskShares(t *testing.T) {
	t.Parallel()
	h := build(t)
	raw := []byte("Subject: long\r\n\r\n" + strings.Repeat("the same again ", 2000))
	alone := []byte("Subject: other\r\n\r\n" + strings.Repeat("something else ", 2000))
	_, err := h.Append(t.Context(), Batch{Messages: []NewMessage{
		{Mailbox: h.box("INBOX"), Raw: raw}, {Mailbox: h.boxOf(bob, "INBOX"), Raw: raw}, {Mailbox: h.boxOf(bob, "INBOX"), Raw: alone},
	}})
	must(t, err)
	shares, err := h.DiskShares(t.Context())
	must(t, err)
	usage, _, err := h.Usage(t.Context(), alice)
	must(t, err)
	total := h.count(`SELECT sum(length) FROM blob`)
	if sum := shares[alice] + shares[bob]; sum < total-1 || sum > total {
		t.Errorf("shares %v add up to %d, the disk has %d", shares, sum, total)
	}
	if shares[alice] >= shares[bob] || shares[alice]*4 > usage.Bytes {
		t.Errorf("alice, who shares all that is compressed, takes %d of %d bytes; bob %d", shares[alice], usage.Bytes, shares[bob])
	}
}

// TestForecastOfAccount: the days that were recorded are what is predicted from.
func TestForecastOfAccount(t *testing.T) {
	t.Parallel()
	h := build(t)
	now := time.Unix(1_800_000_000, 0)
	raw := []byte("Subject: the same every day\r\n\r\n") // 31 bytes
	must(t, h.SetLimit(t.Context(), alice, quota.Limit{Bytes: 31 * 20}))
	for day := range 10 {
		if _, ok, err := h.Forecast(t.Context(), alice, 0); err != nil || ok != (day >= 7) {
			t.Errorf("after %d days: %t, %v", day, ok, err)
		}
		h.put(h.box("INBOX"), raw)
		must(t, h.RecordUsage(t.Context(), now.AddDate(0, 0, day)))
	}
	f, _, err := h.Forecast(t.Context(), alice, 0)
	full := time.Unix((quota.DayOf(now)+19)*24*3600, 0)
	if err != nil || f.PerDay != 31 || !f.Full.Equal(full) || !f.Soonest.Equal(full) || !f.Latest.Equal(full) {
		t.Errorf("%+v, %v; want it full on %v", f, err, full)
	}
}
