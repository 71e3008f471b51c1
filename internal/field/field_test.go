package field_test

import (
	"errors"
	"testing"

	"github.com/quotasched/quotasched/internal/field"
)

func TestErrorNamesTheField(t *testing.T) {
	err := field.In("policies", field.In(field.Index(1), field.In("accounts",
		field.In("team.a", field.Errorf("max_charge", "%d is negative", -3)))))
	const want = `policies[1].accounts."team.a".max_charge: -3 is negative`
	if err.Error() != want {
		t.Errorf("got %s, want %s", err, want)
	}
}

func TestInKeepsErrorsApart(t *testing.T) {
	one, two := errors.New("one"), field.Errorf("b", "two")
	err := field.In("a", errors.Join(one, two))
	if got, want := err.Error(), "a: one\na.b: two"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, one) || field.In("a", nil) != nil {
		t.Error("an error was lost, or made of nothing")
	}
}
