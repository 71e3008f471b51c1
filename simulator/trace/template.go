package trace

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quotasched/quotasched/internal/nearest"
)

// unknown is what a field stands as that the record does not know.
const unknown = "unknown"

// template is a text in which fields of a record stand, such as "{group}/{queue|queues}"; doc.go
// has its rules. The zero template is empty.
type template struct {
	parts []part
}

// part is a piece of a template: a text as it is, or a field.
type part struct {
	// text is literal text; meaningful only if field is empty.
	text string
	// field and table are names; table may be empty. Position is where the field stands in the
	// template, in characters from 1.
	field, table string
	position     int
	// index and values are what the names are bound to.
	index  int
	values map[string]string
}

// parseTemplate reads a template. Errors name the position in it, in characters from 1.
func parseTemplate(text string) (template, error) {
	var t template
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			t.parts = append(t.parts, part{text: literal.String()})
			literal.Reset()
		}
	}
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		doubled := i+1 < len(runes) && runes[i+1] == r
		switch {
		case r != '{' && r != '}':
			literal.WriteRune(r)
		case doubled:
			literal.WriteRune(r)
			i++
		case r == '}':
			return template{}, fmt.Errorf("position %d: a } without a {; }} stands for a brace",
				i+1)
		default:
			length := slices.Index(runes[i:], '}')
			if length < 0 {
				return template{}, fmt.Errorf("position %d: this { is not closed; {{ stands for "+
					"a brace", i+1)
			}
			p, err := parseField(string(runes[i+1:i+length]), i+1)
			if err != nil {
				return template{}, err
			}
			flush()
			t.parts = append(t.parts, p)
			i += length
		}
	}
	flush()
	return t, nil
}

// parseField reads the text between braces.
func parseField(text string, position int) (part, error) {
	name, table, tabled := strings.Cut(text, "|")
	p := part{field: strings.TrimSpace(name), table: strings.TrimSpace(table), position: position}
	switch {
	case strings.ContainsAny(text, "{"):
		return part{}, fmt.Errorf("position %d: this { is not closed before the next one", position)
	case p.field == "":
		return part{}, fmt.Errorf("position %d: {%s} names no field", position, text)
	case tabled && p.table == "":
		return part{}, fmt.Errorf("position %d: {%s} names no table", position, text)
	case strings.Contains(p.table, "|"):
		return part{}, fmt.Errorf("position %d: {%s} names more than one table", position, text)
	}
	return p, nil
}

// bindTables finds the tables that the template names.
func (t *template) bindTables(tables map[string]map[string]string) error {
	for i := range t.parts {
		p := &t.parts[i]
		if p.table == "" {
			continue
		}
		values, ok := tables[p.table]
		if !ok {
			return fmt.Errorf("position %d: there is no table %q%s", p.position, p.table,
				choices(slices.Sorted(maps.Keys(tables))))
		}
		p.values = values
	}
	return nil
}

// bindFields finds the fields that the template names by a function, which returns the place of a
// field, or -1; fields are those that an error lists.
func (t *template) bindFields(find func(name string) int, fields []string) error {
	for i := range t.parts {
		p := &t.parts[i]
		if p.field == "" {
			continue
		}
		if p.index = find(p.field); p.index < 0 {
			meant := ""
			if like := nearest.Word(p.field, fields); like != "" {
				meant = fmt.Sprintf("; was %s meant?", list([]string{like}))
			}
			return fmt.Errorf("position %d: the log has no field %q%s%s", p.position, p.field,
				meant, choices(fields))
		}
	}
	return nil
}

// constant returns the template's text if it is the same for all records.
func (t *template) constant() (string, bool) {
	switch {
	case len(t.parts) == 0:
		return "", true
	case len(t.parts) == 1 && t.parts[0].field == "":
		return t.parts[0].text, true
	}
	return "", false
}

// fill appends what the template comes to for the record that was read last, but ends once that is
// longer than maxTextBytes. Known is false if a field is unknown. Unlisted is told of values that
// their tables lack.
func (t *template) fill(b []byte, in reader, unlisted func(table, value string)) (out []byte,
	known bool) {
	known = true
	for i := range t.parts {
		if len(b) > maxTextBytes {
			break
		}
		p := &t.parts[i]
		if p.field == "" {
			b = append(b, p.text...)
			continue
		}
		value := in.field(p.index)
		has := value != ""
		if !has {
			value = unknown
		}
		if p.values != nil {
			to, ok := p.values[value]
			if !ok {
				to, ok = p.values["*"]
			}
			switch {
			case ok:
				value, has = to, true
			case has:
				unlisted(p.table, value)
			}
		}
		known = known && has
		b = append(b, value...)
	}
	return b, known
}
