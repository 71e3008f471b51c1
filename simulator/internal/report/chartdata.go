package report

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

const (
	// seriesPointsMax is how many points of a series a page has; longer ones are thinned out. Of
	// more than four variants, each has fewer.
	seriesPointsMax = 240
	seriesPointsMin = 40
	// wholePercentilesMax is for how many accounts a page has all percentiles; of others it has
	// each fifth.
	wholePercentilesMax = 24
	// differencesMax is for how many accounts a page has the differences.
	differencesMax = 40
	// flowsMax is how many accounts the table of who preempted whom has by name.
	flowsMax = 15
)

// rounded are values of a chart, written to four significant digits.
type rounded []number

// MarshalJSON writes the values in short.
func (r rounded) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, x := range r {
		if i > 0 {
			b = append(b, ',')
		}
		if x.known() {
			b = strconv.AppendFloat(b, float64(x), 'g', 4, 64)
		} else {
			b = append(b, "null"...)
		}
	}
	return append(b, ']'), nil
}

// chartData is what the page's scripts draw. Accounts are named by their place in Accounts.
type chartData struct {
	Seeds       int            `json:"seeds"`
	Top         int            `json:"top"`
	Accounts    []chartAccount `json:"accounts"`
	Variants    []chartVariant `json:"variants"`
	Sweeps      []chartSweep   `json:"sweeps"`
	Real        *realWaits     `json:"real"`
	Differences []chartDiff    `json:"differences"`
	DiffsOf     int            `json:"differences_of"` // accounts
}

// chartAccount is an account as people see it, and its id for scripts.
type chartAccount struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}

// chartVariant is a variant's part of the data. What is over time is of its first seed.
type chartVariant struct {
	Name        string           `json:"name"`
	Label       string           `json:"label"`
	Policy      string           `json:"policy"`
	All         accountMeans     `json:"all"`
	Accounts    []accountMeans   `json:"accounts"`
	Percentiles []percentiles    `json:"percentiles"`
	Pool        poolMeans        `json:"pool"`
	Series      *chartSeries     `json:"series"`
	Flows       *chartFlows      `json:"flows"`
	Shares      []chartShare     `json:"shares"`
	Importances []importanceData `json:"importances"`
	Groupings   []groupingMeans  `json:"groupings"`
}

// percentiles of the waits of an account, -1 for all: 101 of them, or 21.
type percentiles struct {
	Account int     `json:"account"`
	Seconds rounded `json:"seconds"`
}

// realWaits are those of the log.
type realWaits struct {
	Count int `json:"count"`
	// Percentiles are all of them, 0 to 100.
	Percentiles rounded `json:"percentiles_seconds"`
	Mean        number  `json:"mean_seconds"`
}

// chartSeries is a run over time.
type chartSeries struct {
	Start        int64           `json:"start_seconds"` // since the Unix epoch
	StepSeconds  number          `json:"step_seconds"`
	Busy         []rounded       `json:"busy"`
	Provisioning rounded         `json:"provisioning"`
	Alive        rounded         `json:"alive"`
	Queue        []rounded       `json:"queue"`
	Balances     []accountSeries `json:"balances"`
	AccountQueue []accountSeries `json:"account_queue"`
	AccountBusy  []accountSeries `json:"account_busy"`
}

// accountSeries is a number of an account over time; Level is -1 where it has none.
type accountSeries struct {
	Account int     `json:"account"`
	Level   int     `json:"level"`
	Values  rounded `json:"values"`
}

// chartFlows say who preempted whom: rows preempt, columns are preempted. Means over the seeds.
type chartFlows struct {
	Names []string  `json:"names"`
	Named int       `json:"named"` // how many names are of one account
	Count []rounded `json:"count"`
	Lost  []rounded `json:"lost_worker_seconds"`
}

// chartShare is what an account was granted and used: means over the seeds.
type chartShare struct {
	Account      int    `json:"account"`
	Granted      number `json:"granted_worker_seconds"`
	Demanded     number `json:"demanded_worker_seconds"`
	Used         number `json:"used_worker_seconds"`
	Satisfaction number `json:"satisfaction"`
	// OnTime is the part of its share that it got when that was due.
	OnTime number `json:"on_time"`
}

// chartDiff is a difference; Variant and Account are places, the latter -1 for all.
type chartDiff struct {
	Variant int               `json:"variant"`
	Account int               `json:"account"`
	Metric  experiment.Metric `json:"metric"`
	From    number            `json:"from"`
	To      number            `json:"to"`
	Low     number            `json:"low"`
	High    number            `json:"high"`
	Delta   number            `json:"delta"`
	Verdict string            `json:"verdict"`
}

// chartData gathers what the page's scripts draw.
func (s *study) chartData(top int) *chartData {
	data := &chartData{
		Seeds:       s.seeds,
		Top:         top,
		Accounts:    []chartAccount{},
		Variants:    []chartVariant{},
		Sweeps:      s.sweeps(),
		Differences: []chartDiff{},
		DiffsOf:     min(differencesMax, len(s.accounts)),
	}
	places := map[scheduler.AccountID]int{}
	for i, id := range s.accounts {
		places[id] = i
		data.Accounts = append(data.Accounts, chartAccount{string(id), s.labels.long[id]})
	}
	points := max(seriesPointsMin, seriesPointsMax*4/max(4, len(s.variants)))
	for i, v := range s.variants {
		data.Variants = append(data.Variants, chartVariant{
			Name:        s.results.Variants[i].Name,
			Label:       variantLabel(s.results.Variants[i].Name),
			Policy:      s.results.Variants[i].Policy,
			All:         v.all,
			Accounts:    append([]accountMeans{}, v.accounts...),
			Percentiles: v.chartPercentiles(),
			Pool:        v.pool,
			Series:      v.chartSeries(places, points),
			Flows:       v.chartFlows(),
			Shares:      v.chartShares(places),
			Importances: v.importances(),
			Groupings:   v.groupings(points),
		})
		if data.Real == nil {
			data.Real = v.realWaits()
		}
	}
	s.addDifferences(data, places)
	return data
}

// addDifferences adds those of all accounts together and of the accounts that used most.
func (s *study) addDifferences(data *chartData, places map[scheduler.AccountID]int) {
	variants := map[string]int{}
	for i := range s.results.Variants {
		variants[s.results.Variants[i].Name] = i
	}
	for i := range s.results.Differences {
		d := &s.results.Differences[i]
		variant, known := variants[d.Variant]
		account, there := places[d.Account]
		if d.AllAccounts {
			account, there = -1, true
		}
		if !known || !there || account >= differencesMax {
			continue
		}
		data.Differences = append(data.Differences, chartDiff{
			Variant: variant, Account: account, Metric: d.Metric,
			From: number(d.From), To: number(d.To), Low: number(d.Low), High: number(d.High),
			Delta: number(d.Delta), Verdict: shownVerdict(d),
		})
	}
	slices.SortStableFunc(data.Differences, func(a, b chartDiff) int {
		return cmp.Compare(a.Account, b.Account)
	})
}

// chartPercentiles are those of all accounts together and of each.
func (v *variantMeans) chartPercentiles() []percentiles {
	list := []percentiles{}
	add := func(a *accountMeans) {
		if a.Percentiles == nil {
			return
		}
		step := 1
		if a.Index >= wholePercentilesMax {
			step = 5
		}
		p := percentiles{Account: a.Index}
		for i := 0; i < percentileCount; i += step {
			p.Seconds = append(p.Seconds, a.Percentiles[i])
		}
		list = append(list, p)
	}
	add(&v.all)
	for i := range v.accounts {
		add(&v.accounts[i])
	}
	return list
}

// realWaits are those of the first run that has them, or nil.
func (v *variantMeans) realWaits() *realWaits {
	for _, f := range v.runs {
		if f.Submissions == nil || len(f.Submissions.RealWaitPercentilesSeconds) != percentileCount {
			continue
		}
		w := &f.Submissions.RealWait
		real := &realWaits{Count: w.Count, Mean: number(w.MeanSeconds)}
		for _, x := range f.Submissions.RealWaitPercentilesSeconds {
			real.Percentiles = append(real.Percentiles, number(x))
		}
		return real
	}
	return nil
}

// chartShares averages the shares over the seeds, in order of account.
func (v *variantMeans) chartShares(places map[scheduler.AccountID]int) []chartShare {
	byID := map[scheduler.AccountID][]*simulator.Share{}
	for _, f := range v.runs {
		for i := range f.Fairness.Shares {
			share := &f.Fairness.Shares[i]
			byID[share.Account] = append(byID[share.Account], share)
		}
	}
	shares := []chartShare{}
	for id, list := range byID { // in any order: sorted below
		place, known := places[id]
		if !known {
			continue
		}
		mean := func(f func(*simulator.Share) float64) number {
			return meanOf(list, func(s *simulator.Share) number { return number(f(s)) })
		}
		shares = append(shares, chartShare{
			Account:      place,
			Granted:      mean(func(s *simulator.Share) float64 { return s.GrantedSeconds }),
			Demanded:     mean(func(s *simulator.Share) float64 { return s.DemandedSeconds }),
			Used:         mean(func(s *simulator.Share) float64 { return s.UsedSeconds }),
			Satisfaction: mean(func(s *simulator.Share) float64 { return s.Satisfaction }),
			OnTime: mean(func(s *simulator.Share) float64 {
				return s.ServedSeconds / s.OwedSeconds // none if nothing was owed
			}),
		})
	}
	slices.SortFunc(shares, func(a, b chartShare) int { return cmp.Compare(a.Account, b.Account) })
	return shares
}

// chartSeries is the first run that was followed over time, thinned out to a number of points; nil
// if none was.
func (v *variantMeans) chartSeries(places map[scheduler.AccountID]int,
	pointsMax int) *chartSeries {
	i := slices.IndexFunc(v.runs, func(f *simulator.Figures) bool { return f.Series != nil })
	if i < 0 {
		return nil
	}
	s := v.runs[i].Series
	points := len(s.Alive)
	for _, list := range s.Busy {
		points = max(points, len(list))
	}
	step := max(1, (points+pointsMax-1)/pointsMax)
	c := &chartSeries{
		Start:        s.Start.Round(time.Second).Unix(),
		StepSeconds:  number(s.StepSeconds * float64(step)),
		Provisioning: thinMeans(s.Provisioning, step),
		Alive:        thinMeans(s.Alive, step),
		Balances:     []accountSeries{},
		AccountQueue: thinAccounts(s.AccountQueue, places, step),
		AccountBusy:  thinAccounts(s.AccountBusy, places, step),
	}
	for level := range s.Busy {
		c.Busy = append(c.Busy, thinMeans(s.Busy[level], step))
		c.Queue = append(c.Queue, thinMeans(s.Queue[level], step))
	}
	for _, b := range s.Balances {
		if place, known := places[b.Account]; known {
			c.Balances = append(c.Balances,
				accountSeries{place, int(b.Level), thinLast(b.Seconds, step)})
		}
	}
	return c
}

// thinAccounts thins out the series of accounts.
func thinAccounts(list []simulator.AccountSeries, places map[scheduler.AccountID]int,
	step int) []accountSeries {
	thin := []accountSeries{}
	for _, a := range list {
		if place, known := places[a.Account]; known {
			thin = append(thin, accountSeries{place, -1, thinMeans(a.Values, step)})
		}
	}
	return thin
}

// thinMeans makes one value of each step values: their mean.
func thinMeans(values []float64, step int) rounded {
	thin := rounded{}
	for part := range slices.Chunk(values, step) {
		sum := 0.0
		for _, x := range part {
			sum += x
		}
		thin = append(thin, number(sum/float64(len(part))))
	}
	return thin
}

// thinLast makes one value of each step values: the last.
func thinLast(values []float64, step int) rounded {
	thin := rounded{}
	for part := range slices.Chunk(values, step) {
		thin = append(thin, number(part[len(part)-1]))
	}
	return thin
}
