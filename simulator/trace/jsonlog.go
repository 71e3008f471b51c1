package trace

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/simulator"
)

// jsonFormat is how the objects of a service are read.
type jsonFormat struct {
	noun string
	// names are the fields that each object has, and prefixes begin those that some have, such as
	// "tag." of tag.project.
	names, prefixes []string
	// sizes are the fields that can be the size; the first one is, unless the table says otherwise.
	sizes []string
	// preemptions is true if the objects say how often they were preempted.
	preemptions bool
	// take reads an object: the record, but for its size, and the values of the fields.
	take func(o object, to *record, values map[string]string) error
}

// jsonFormats are those of all services.
var jsonFormats = map[Format]*jsonFormat{
	FormatKueue:       &kueueFormat,
	FormatSwarming:    &swarmingFormat,
	FormatBuildbucket: &buildbucketFormat,
}

// jsonReader reads a list of objects that a service wrote.
type jsonReader struct {
	file   *file
	items  *jsonItems
	format *jsonFormat
	size   string // the field that is the size; empty for 1
	// names are those of the format, and those of the fields that templates name.
	names  []string
	values map[string]string // of the object read last
}

// newJSONReader checks what the table says.
func newJSONReader(f *file, format Format, t *Table) (*jsonReader, error) {
	r := &jsonReader{file: f, items: newJSONItems(f), format: jsonFormats[format],
		values: map[string]string{}}
	if begin, _ := f.in.Peek(len(byteOrderMark)); string(begin) == byteOrderMark {
		_, _ = f.in.Discard(len(byteOrderMark)) // it was just peeked at
	}
	r.names = slices.Clone(r.format.names)
	if len(r.format.sizes) > 0 {
		r.size = r.format.sizes[0]
	}
	if t.Size != "" {
		if !slices.Contains(r.format.sizes, t.Size) {
			return nil, field.In("table", field.Errorf("size", "no field %s of %ss is a size%s",
				shorten(t.Size), r.format.noun, choices(r.format.sizes)))
		}
		r.size = t.Size
	}
	return r, nil
}

func (r *jsonReader) fields() []string   { return r.format.names }
func (r *jsonReader) line() int          { return r.items.began }
func (r *jsonReader) noun() string       { return r.format.noun }
func (r *jsonReader) close() error       { return r.file.close() }
func (r *jsonReader) field(i int) string { return r.values[r.names[i]] }

func (r *jsonReader) about() about {
	return about{unix: true, preemptions: r.format.preemptions}
}

// place implements openReader: a field with one of the prefixes may be there or not.
func (r *jsonReader) place(name string) int {
	if i := slices.Index(r.names, name); i >= 0 {
		return i
	}
	if !slices.ContainsFunc(r.format.prefixes, func(prefix string) bool {
		return strings.HasPrefix(name, prefix) && name != prefix
	}) {
		return -1
	}
	r.names = append(r.names, name)
	return len(r.names) - 1
}

func (r *jsonReader) next(to *record) error {
	text, err := r.items.next()
	if err != nil {
		return err
	}
	clear(r.values)
	*to = record{start: simulator.Unknown, wait: simulator.Unknown, size: 1}
	o, err := parseObject(text)
	if err == nil {
		err = r.format.take(o, to, r.values)
	}
	if err != nil {
		return r.items.malformed(err)
	}
	if r.size == "" {
		return nil
	}
	n, err := strconv.Atoi(r.values[r.size])
	if err != nil {
		return r.items.malformed(fmt.Errorf("%s: %s is not a number", r.size,
			shorten(r.values[r.size])))
	}
	if to.size = float64(n); n == 0 && to.fate == ran {
		to.fate = noSize
	}
	return nil
}

// formatOfJSON tells the formats apart by words that each object has near its beginning; what has
// none of them is taken for a native log.
func (f *file) formatOfJSON() Format {
	const enough = 64 << 10
	begin, _ := f.in.Peek(enough) // an error will be met again
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool {
			return bytes.Contains(begin, []byte(word))
		})
	}
	switch {
	case has(nativeName):
		return FormatNative
	case has("kueue.x-k8s.io/"):
		return FormatKueue
	case has(`"createdTs"`, `"created_ts"`, `"taskId"`):
		return FormatSwarming
	case has(`"createTime"`, `"create_time"`, `"builder"`):
		return FormatBuildbucket
	}
	return FormatNative
}
