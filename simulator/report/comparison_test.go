package report_test

import (
	"fmt"
	"testing"
	"strings"

	"github.com/quotasched/quotasched/simulator/report"
)

func TestY(t *testing.T) {
	var b strings.Builder
	report.Comparison(&b, results(usual), report.Options{Top: 5})
	fmt.Println(b.String())
	b.Reset()
	report.Differences(&b, results(usual), report.Options{Top: 3})
	fmt.Println(b.String())
}
