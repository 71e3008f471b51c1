package trace

import (
	"io"
	"slices"
	"strings"
	"testing"
)

// one is a log of one record.
type one map[string]string

func (o one) fields() []string   { return []string{"group", "queue", "odd name"} }
func (o one) next(*record) error { return io.EOF }
func (o one) field(i int) string { return o[o.fields()[i]] }
func (o one) line() int          { return 1 }
func (o one) about() about       { return about{} }
func (o one) noun() string       { return "record" }
func (o one) close() error       { return nil }

var testTables = map[string]map[string]string{
	"queues": {"1": "express", "*": "other"},
	"some":   {"1": "express", "unknown": "nobody knows"},
}

// filled is what a template comes to for a record.
func filled(t *testing.T, text string, in one) (out string, known bool, unlisted []string) {
	t.Helper()
	m := Mapping{Tables: testTables}
	template, err := m.template(text)
	if err == nil {
		err = template.bindFields(inList(in.fields()), in.fields())
	}
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	b, known := template.fill(nil, in, func(table, value string) {
		unlisted = append(unlisted, table+"="+value)
	})
	return string(b), known, unlisted
}

func TestTemplates(t *testing.T) {
	record := one{"group": "12", "queue": "1", "odd name": "é"}
	for _, c := range []struct {
		text  string
		in    one
		want  string
		known bool
	}{
		{"", record, "", true},
		{"all", record, "all", true},
		{"{group}", record, "12", true},
		{"group-{group}", record, "group-12", true},
		{"{group}/{queue|queues}", record, "12/express", true},
		{"{ group }/{ queue | queues }", record, "12/express", true},
		{"{group|queues}", record, "other", true},
		{"{group|some}", record, "12", true},
		{"{odd name}", record, "é", true},
		{"{{{group}}}", record, "{12}", true},
		{"{{group}}", record, "{group}", true},
		{"äö{group}", record, "äö12", true},
		{"group-{group}", one{}, "group-unknown", false},
		{"{group|queues}", one{}, "other", true},
		{"{group|some}", one{}, "nobody knows", true},
		{"{queue}{group}", one{"group": "1"}, "unknown1", false},
	} {
		got, known, _ := filled(t, c.text, c.in)
		if got != c.want || known != c.known {
			t.Errorf("%s: got %q, %v, want %q, %v", c.text, got, known, c.want, c.known)
		}
	}
	_, _, unlisted := filled(t, "{group|some}{queue|some}", record)
	if len(unlisted) != 1 || unlisted[0] != "some=12" {
		t.Errorf("values that the table lacks: %q", unlisted)
	}
}

func TestTemplateErrorsNameThePosition(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"{group", "position 1: this { is not closed"},
		{"äö {group", "position 4: this { is not closed"},
		{"a}b", "position 2: a } without a {"},
		{"{}", "position 1: {} names no field"},
		{"x{|queues}", "position 2: {|queues} names no field"},
		{"x{group|}", "position 2: {group|} names no table"},
		{"{group|a|b}", "position 1: {group|a|b} names more than one table"},
		{"{group{queue}", "position 1: this { is not closed before the next one"},
		{"a {group|nope}", `position 3: there is no table "nope"; there are queues, some`},
		{"a {team}", `position 3: the log has no field "team"; there are group, queue, odd name`},
	} {
		m := Mapping{Tables: testTables}
		template, err := m.template(c.text)
		if err == nil {
			err = template.bindFields(inList(one{}.fields()), one{}.fields())
		}
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.text, err, c.want)
		}
	}
}

// Whatever is read as a template can be filled, and a text without braces stands for itself.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"{group}/{queue|queues}", "{{}}", "{", "}", "{a|}", "\xff{group}"} {
		f.Add(text, "1")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		m := Mapping{Tables: testTables}
		template, err := m.template(text)
		if err != nil || template.bindFields(inList(one{}.fields()), one{}.fields()) != nil {
			return
		}
		b, _ := template.fill(nil, one{"group": value}, func(string, string) {})
		plain := !strings.ContainsAny(text, "{}") && strings.ToValidUTF8(text, "") == text
		if plain && string(b) != text {
			t.Errorf("%q became %q", text, b)
		}
	})
}

// inList finds names in a list.
func inList(names []string) func(string) int {
	return func(name string) int { return slices.Index(names, name) }
}
