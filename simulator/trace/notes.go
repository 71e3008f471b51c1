package trace

import (
	"fmt"
	"strings"
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
	notes := []string{fmt.Sprintf("%d %ss, of which %d never ran; %d malformed lines skipped",
		l.loaded.Records, noun, l.loaded.NeverRan, l.loaded.Malformed)}
	if len(l.tasks) > 0 {
		notes[0] = fmt.Sprintf("%d attempts to run %d tasks, of which %d never ran; "+
			"%d malformed lines skipped", l.loaded.Records, len(l.tasks), l.loaded.NeverRan,
			l.loaded.Malformed)
	}
	if l.source.Format != FormatSWF && l.loaded.NeverRan > 0 {
		var left []string
		for f := ran + 1; f < numFates; f++ {
			if l.fates[f] > 0 {
				left = append(left, fmt.Sprintf("%d %s", l.fates[f], fateNames[f]))
			}
		}
		notes = append(notes, "left out: "+strings.Join(left, ", "))
	}
	if l.open > 0 {
		notes = append(notes, fmt.Sprintf("%d had not ended when the log did, and are taken to end "+
			"with it", l.open))
	}
	early := 0
	for i := range l.drafts {
		if l.drafts[i].early {
			early++
		}
	}
	if early > 0 {
		notes = append(notes, fmt.Sprintf("%d were submitted before the log began, and are taken "+
			"to be submitted then; how long they waited is not known", early))
	}
	if l.source.Size == SizeSingle {
		notes = append(notes, "whatever its size, each submission is one request")
	}
	return notes
}

// plural writes "1 job" or "3 jobs".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
