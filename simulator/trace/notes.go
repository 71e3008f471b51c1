package trace

import (
	"fmt"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
)

// note adds a sentence to the notes.
func (l *loader) note(format string, args ...any) {
	l.loaded.Notes = append(l.loaded.Notes, fmt.Sprintf(format, args...))
}

// notes say what was read and left out.
func (l *loader) notes() []string {
	noun := l.in.noun()
	if l.source.Format == FormatNative && l.loaded.Malformed == 0 && l.loaded.NeverRan == 0 {
		return nil // all that was written was read
	}
	notes := []string{fmt.Sprintf("%s, of which %s never ran; %s skipped",
		words.Count(l.loaded.Records, noun), words.Number(l.loaded.NeverRan),
		words.Count(l.loaded.Malformed, "malformed line"))}
	if len(l.tasks) > 0 {
		notes[0] = fmt.Sprintf("%s to run %s, of which %s never ran; %s skipped",
			words.Count(l.loaded.Records, "attempt"), words.Count(len(l.tasks), "task"),
			words.Number(l.loaded.NeverRan), words.Count(l.loaded.Malformed, "malformed line"))
	}
	if l.source.Format != FormatSWF && l.loaded.NeverRan > 0 {
		var left []string
		for f := ran + 1; f < numFates; f++ {
			if l.fates[f] > 0 {
				left = append(left, words.Number(l.fates[f])+" "+fateNames[f])
			}
		}
		notes = append(notes, "left out: "+strings.Join(left, ", "))
	}
	if l.open > 0 {
		notes = append(notes, words.Number(l.open)+" had not ended when the log did, and are taken "+
			"to end with it")
	}
	early := 0
	for i := range l.drafts {
		if l.drafts[i].early {
			early++
		}
	}
	if early > 0 {
		notes = append(notes, words.Number(early)+" were submitted before the log began, and are "+
			"taken to be submitted then; how long they waited is not known")
	}
	if l.source.Size == SizeSingle {
		notes = append(notes, "whatever its size, each submission is one request")
	}
	return notes
}
