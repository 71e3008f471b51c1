package report

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/tune"
)

// TunedHTML writes a tuning as a page that needs no other file, no script and no network.
func TunedHTML(w io.Writer, of *experiment.Tuned, o HTMLOptions) error {
	t, err := newTuned(of)
	if err != nil {
		return err
	}
	p := &plainPage{Kind: "tune", Title: fmt.Sprintf("%s: policy %s, tuned", t.Name, t.Policy),
		Description: t.Description}
	if !t.Result.Met() {
		p.Banner = t.lead()
	}
	lead := plainSection{Title: "Goals", Table: t.goalTable(), Note: t.effort() + "; searched on " +
		t.Seen + "."}
	if t.Result.Met() {
		lead.Lead = t.lead()
	}
	settings := plainSection{Title: "Settings", Table: t.settingTable(), Note: "matters: the " +
		"largest change of a figure if the knob moves by a tenth of its range."}
	frontier := plainSection{Title: "What other bounds would cost", Table: t.frontierTable(),
		Lead: "Each point is one setting, on " + t.Seen + "; blue ones meet all other goals, and the " +
			"large one is the policy below. The line is the least " + t.Minimize + " for each bound, " +
			"the dashed line the bound that was asked for.", Note: t.dearer()}
	for i := range t.goals {
		frontier.Pictures = append(frontier.Pictures, picture{t.name(i), t.frontierPicture(i)})
	}
	policy := plainSection{Title: "The policy", Text: t.PolicyText}
	p.Sections = []plainSection{lead, settings, frontier, policy}
	if len(t.Result.Points) == 0 {
		p.Sections = []plainSection{lead, settings, policy}
	}
	return p.write(w, o)
}

// The size of a frontier's picture and its margins, in pixels.
const (
	pictureWidth, pictureHeight         = 520, 320
	marginLeft, marginRight             = 74, 34
	marginTop, marginBottom     float64 = 12, 44
)

// axis maps numbers to pixels, by their logarithms if log is set.
type axis struct {
	low, high  float64
	from, to   float64
	log        bool
	tickValues []float64
}

// newAxis fits an axis to numbers.
func newAxis(list []float64, from, to float64) *axis {
	a := &axis{low: math.Inf(1), high: math.Inf(-1), from: from, to: to}
	for _, x := range list {
		if !math.IsInf(x, 0) && !math.IsNaN(x) {
			a.low, a.high = min(a.low, x), max(a.high, x)
		}
	}
	if a.low > a.high {
		a.low, a.high = 0, 1
	}
	a.log = a.low > 0 && a.high/a.low > 20
	if !a.log {
		a.low = min(a.low, 0.8*a.low)
	}
	if a.low == a.high {
		a.high = a.low + 1
	}
	const ticks = 4
	for i := range ticks + 1 {
		part := float64(i) / ticks
		x := a.low + part*(a.high-a.low)
		if a.log {
			x = a.low * math.Pow(a.high/a.low, part)
		}
		a.tickValues = append(a.tickValues, x)
	}
	return a
}

// at returns the pixel of a number; one outside is at the edge.
func (a *axis) at(x float64) float64 {
	x = max(a.low, min(a.high, x))
	part := (x - a.low) / (a.high - a.low)
	if a.log {
		part = math.Log(x/a.low) / math.Log(a.high/a.low)
	}
	return a.from + part*(a.to-a.from)
}

// frontierPicture draws a goal's figure against the objective: all points, the steps, the choice.
func (t *tuned) frontierPicture(goal int) template.HTML {
	r := t.Result
	var xs, ys []float64
	for _, s := range r.Frontier {
		if s.Goal == goal {
			xs = append(xs, float64(s.Bound))
			ys = append(ys, float64(s.Objective))
		}
	}
	steps := len(xs)
	if c := r.Chosen; c != nil {
		xs, ys = append(xs, float64(c.Goals[goal])), append(ys, float64(c.Objective))
	}
	for _, m := range r.Points {
		if t.fits(m, goal) {
			xs, ys = append(xs, min(float64(m.Goals[goal]), 4*r.Goals[goal].Bound)),
				append(ys, float64(m.Objective))
		}
	}
	x := newAxis(xs, marginLeft, pictureWidth-marginRight)
	y := newAxis(ys, pictureHeight-marginBottom, marginTop)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s against %s">`, pictureWidth,
		pictureHeight, template.HTMLEscapeString(t.name(goal)),
		template.HTMLEscapeString(t.Minimize))
	t.axes(&b, goal, x, y)
	for _, m := range r.Points {
		class := "dot"
		if t.fits(m, goal) {
			class = "dot fits"
		}
		if !math.IsInf(float64(m.Goals[goal]), 0) {
			fmt.Fprintf(&b, `<circle class="%s" cx="%.1f" cy="%.1f" r="3"/>`, class,
				x.at(float64(m.Goals[goal])), y.at(float64(m.Objective)))
		}
	}
	var path []string
	for i := range steps {
		if !math.IsInf(ys[i], 0) {
			path = append(path, fmt.Sprintf("%.1f,%.1f", x.at(xs[i]), y.at(ys[i])))
		}
	}
	fmt.Fprintf(&b, `<polyline class="step" points="%s"/>`, strings.Join(path, " "))
	at := x.at(r.Goals[goal].Bound)
	fmt.Fprintf(&b, `<line class="bound" x1="%.1f" x2="%.1f" y1="%v" y2="%v"/>`, at, at, marginTop,
		pictureHeight-marginBottom)
	if c := r.Chosen; c != nil {
		fmt.Fprintf(&b, `<circle class="chosen" cx="%.1f" cy="%.1f" r="5.5"><title>%s</title></circle>`,
			x.at(float64(c.Goals[goal])), y.at(float64(c.Objective)), "the chosen settings")
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// axes draws ticks and their texts.
func (t *tuned) axes(b *strings.Builder, goal int, x, y *axis) {
	const bottom = pictureHeight - marginBottom
	for _, v := range x.tickValues {
		fmt.Fprintf(b, `<line class="axis" x1="%.1f" x2="%.1f" y1="%v" y2="%v"/>`, x.at(v), x.at(v),
			marginTop, bottom)
		fmt.Fprintf(b, `<text x="%.1f" y="%v" text-anchor="middle">%s</text>`, x.at(v), bottom+16,
			template.HTMLEscapeString(t.goals[goal].Format(v)))
	}
	for _, v := range y.tickValues {
		fmt.Fprintf(b, `<line class="axis" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, marginLeft,
			pictureWidth-marginRight, y.at(v), y.at(v))
		fmt.Fprintf(b, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`, marginLeft-8, y.at(v)+4,
			template.HTMLEscapeString(shortCost(t.objective.Cost(v))))
	}
	fmt.Fprintf(b, `<text x="%d" y="%v" text-anchor="end">%s</text>`, pictureWidth-marginRight,
		pictureHeight-8, template.HTMLEscapeString(t.name(goal)+" →"))
}

// shortCost writes worker-hours as an axis has room for.
func shortCost(text string) string { return strings.Replace(text, "worker-hours", "wh", 1) }

// fits reports whether a point meets all goals but one.
func (t *tuned) fits(m *tune.Measured, but int) bool {
	for i, g := range t.Result.Goals {
		over := float64(m.Goals[i]) - g.Bound
		if g.AtLeast {
			over = -over
		}
		if i != but && !(over <= 0) {
			return false
		}
	}
	return true
}

// text writes a table as plain text.
func (p *plainTable) text() string {
	table := words.NewTable(1, p.Header...)
	for i, row := range p.Rows {
		if i > 0 && len(row) > 2 && p.Header[0] == "goal" && p.Header[1] == "bound" &&
			len(p.Header) == 4 && row[0] != p.Rows[i-1][0] {
			table.Rule()
		}
		table.Row(row...)
	}
	return table.String()
}
