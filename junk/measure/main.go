// Command measure says how well the junk filter tells mail apart: it learns from a
// part of a corpus and judges the rest, in the order of time and by five folds, with
// the messages as they are and without what only their mailing lists put there.
//
//	go run ./junk/measure [-corpus FOLDER]
package main

import (
	"flag"
	"fmt"
	"log"
	"runtime"
	"time"

	"letterbox/junk"
)

func main() {
	folder := flag.String("corpus", "../shared/corpus", "where ham.mbox.gz and spam.mbox.gz lie")
	flag.Parse()
	if err := run(*folder); err != nil {
		log.Fatal(err)
	}
}

func run(folder string) error {
	mail, err := read(folder)
	if err != nil {
		return err
	}
	for _, variant := range []struct {
		name string
		as   func([]byte) []byte
	}{{"as they came", unchanged}, {"without what lists add", bare}} {
		began := time.Now()
		bytes := 0
		for i := range mail {
			raw := variant.as(mail[i].raw)
			bytes += len(raw)
			mail[i].features = junk.Read(raw)
		}
		took := time.Since(began)
		fmt.Printf("%s: %d messages, read in %v each (%.1f MB/s)\n", variant.name, len(mail),
			(took / time.Duration(len(mail))).Round(time.Microsecond), float64(bytes)/took.Seconds()/1e6)
		learn, judge := byTime(mail)
		report("time order, first 80 %", []outcome{contest(learn, judge)})
		report("time order, and what is misjudged is taught then", []outcome{asItGoes(learn, judge)})
		var folds []outcome
		for n := range 5 {
			learn, judge := fold(mail, n, 5)
			folds = append(folds, contest(learn, judge))
		}
		report("five folds", folds)
		for _, n := range []int{5, 10, 20, 50, 100} {
			learn, judge := few(mail, n)
			report(fmt.Sprintf("the first %d of each class learned", n), []outcome{contest(learn, judge)})
		}
	}
	weigh(mail)
	return nil
}

func unchanged(raw []byte) []byte { return raw }

// An outcome counts what was judged, at several thresholds.
type outcome struct {
	scores     [2][]float64 // by class
	words      [2][]float64 // without likeness to a message that was learned
	perMessage time.Duration
	learning   time.Duration
	features   int
}

// threshold is the default of junk.threshold.
const threshold = 5.0

func lessons(mail []letter) (list []junk.Lesson) {
	for _, l := range mail {
		list = append(list, junk.Lesson{Class: l.class, Numbers: l.features.Numbers()})
	}
	return list
}

// contest learns from some messages and judges others.
func contest(learn, judge []letter) outcome {
	began := time.Now()
	m := junk.NewTrainee(lessons(learn))
	o := outcome{features: m.Size(), learning: time.Since(began)}
	began = time.Now()
	for _, l := range judge {
		o.scores[l.class] = append(o.scores[l.class], m.Points(l.features))
		o.words[l.class] = append(o.words[l.class], m.Words(l.features))
	}
	o.perMessage = time.Since(began) / time.Duration(len(judge))
	return o
}

// asItGoes judges one message after another, as in an account whose owner moves what
// was misjudged.
func asItGoes(learn, judge []letter) outcome {
	began := time.Now()
	m := junk.NewTrainee(lessons(learn))
	o := outcome{learning: time.Since(began)}
	began = time.Now()
	for _, l := range judge {
		points := m.Points(l.features)
		o.words[l.class] = append(o.words[l.class], m.Words(l.features))
		o.scores[l.class] = append(o.scores[l.class], points)
		if (l.class == junk.Junk) != (points >= threshold) {
			m.Add(junk.Lesson{Class: l.class, Numbers: l.features.Numbers()})
		}
	}
	o.perMessage, o.features = time.Since(began)/time.Duration(len(judge)), m.Size()
	return o
}

func report(name string, list []outcome) {
	var all outcome
	for _, o := range list {
		for c := range o.scores {
			all.scores[c] = append(all.scores[c], o.scores[c]...)
			all.words[c] = append(all.words[c], o.words[c]...)
		}
		all.perMessage += o.perMessage / time.Duration(len(list))
		all.features, all.learning = max(all.features, o.features), max(all.learning, o.learning)
	}
	fmt.Printf("  %s: %d wanted and %d junk judged, %v each; %d features learned in %v\n", name,
		len(all.scores[junk.Wanted]), len(all.scores[junk.Junk]), all.perMessage.Round(time.Microsecond), all.features, all.learning.Round(time.Millisecond))
	for _, threshold := range []float64{3, 4, threshold, 6, 7} {
		fmt.Printf("    from %.0f: %s; by words alone %s\n", threshold, caught(all.scores, threshold), caught(all.words, threshold))
	}
}

func caught(scores [2][]float64, threshold float64) string {
	wrong, right := above(scores[junk.Wanted], threshold), above(scores[junk.Junk], threshold)
	return fmt.Sprintf("%d wanted in Junk (%.2f %%), %d junk caught (%.1f %%)",
		wrong, percent(wrong, scores[junk.Wanted]), right, percent(right, scores[junk.Junk]))
}

func above(scores []float64, threshold float64) (n int) {
	for _, s := range scores {
		if s >= threshold {
			n++
		}
	}
	return n
}

func percent(n int, of []float64) float64 { return 100 * float64(n) / float64(len(of)) }

// weigh says what a model of the whole corpus takes.
func weigh(mail []letter) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m := junk.NewTrainee(lessons(mail))
	onDisk := 0
	for _, l := range mail {
		onDisk += len(junk.EncodeLesson(l.features.Numbers()))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	fmt.Printf("a model of %d messages: %d features, %.1f MB in memory, %.1f MB of lessons on the disk (%d bytes each)\n",
		len(mail), m.Size(), float64(after.HeapAlloc-before.HeapAlloc)/1e6, float64(onDisk)/1e6, onDisk/len(mail))
	runtime.KeepAlive(m)
}
