package report

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// number is a figure of a report; NaN means that there is none, and is null in JSON.
type number float64

// none is the figure that there is not.
var none = number(math.NaN())

// known says whether there is a figure.
func (n number) known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON writes all digits, or null.
func (n number) MarshalJSON() ([]byte, error) {
	if !n.known() {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', -1, 64), nil
}

// percentileCount is the number of percentiles 0 to 100.
const percentileCount = 101

// accountMeans are an account's figures under a variant: means over its seeds. Waits are means over
// the seeds in which something completed. The units are those of simulator.AccountFigures.
type accountMeans struct {
	id scheduler.AccountID
	// Index is the account's place in a report, or -1 for all accounts together.
	Index       int      `json:"account"`
	Requests    number   `json:"requests"`
	Completed   number   `json:"completed"`
	Impossible  number   `json:"impossible"`
	WaitP50     number   `json:"wait_p50_seconds"`
	WaitP95     number   `json:"wait_p95_seconds"`
	WaitP99     number   `json:"wait_p99_seconds"`
	WaitMax     number   `json:"wait_max_seconds"`
	WaitMean    number   `json:"wait_mean_seconds"`
	Used        number   `json:"used_worker_seconds"`
	Paid        number   `json:"paid_worker_seconds"`
	Free        number   `json:"free_worker_seconds"`
	Provision   number   `json:"provision_worker_seconds"`
	LostWork    number   `json:"lost_worker_seconds"`
	Preempted   number   `json:"preempted"`
	Caused      number   `json:"caused"`
	Lost        number   `json:"lost"`
	Percentiles []number `json:"-"`
}

// poolMeans are the pool's figures under a variant: means over its seeds.
type poolMeans struct {
	Span        number `json:"span_seconds"`
	Utilisation number `json:"utilisation"`
	Useful      number `json:"utilisation_useful"`
	Provision   number `json:"provision"` // as a part of the workers' time, as LostWork is
	LostWork    number `json:"lost_work"`
	QueueMean   number `json:"queue_mean"`
	QueueMax    number `json:"queue_max"`
	Preemptions number `json:"preemptions"`
	Jain        number `json:"jain"`
	JainServed  number `json:"jain_served"`
	JainWaits   number `json:"jain_waits"`
}

// variantMeans are the figures of a variant: means over its seeds.
type variantMeans struct {
	runs     []*simulator.Figures
	all      accountMeans
	accounts []accountMeans // in order of id
	pool     poolMeans
}

// account returns the means of one account, or nil.
func (v *variantMeans) account(id scheduler.AccountID) *accountMeans {
	i, found := slices.BinarySearchFunc(v.accounts, id, func(a accountMeans,
		id scheduler.AccountID) int {
		return cmp.Compare(a.id, id)
	})
	if !found {
		return nil
	}
	return &v.accounts[i]
}

// meansOf averages a variant's runs. Runs without figures are left out.
func meansOf(v *experiment.Variant) *variantMeans {
	m := &variantMeans{}
	byID := map[scheduler.AccountID][]*simulator.AccountFigures{}
	var all []*simulator.AccountFigures
	for _, run := range v.Runs {
		f := run.Figures
		if f == nil {
			continue
		}
		m.runs = append(m.runs, f)
		all = append(all, &f.All)
		for i := range f.Accounts {
			a := &f.Accounts[i]
			byID[a.Account] = append(byID[a.Account], a)
		}
	}
	m.all = averageAccount(all, len(m.runs))
	m.all.Index = -1
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		a := averageAccount(byID[id], len(m.runs))
		a.id = id
		m.accounts = append(m.accounts, a)
	}
	m.pool = averagePool(m.runs)
	return m
}

// meanOf averages f over the items for which it is known; none if there are none.
func meanOf[T any](items []*T, f func(*T) number) number {
	sum, n := 0.0, 0
	for _, item := range items {
		if x := f(item); x.known() {
			sum += float64(x)
			n++
		}
	}
	if n == 0 {
		return none
	}
	return number(sum / float64(n))
}

// meanWait averages a figure of the waits of items; those without waits do not count.
func meanWait[T any](items []*T, waits func(*T) *simulator.Distribution,
	f func(*simulator.Distribution) float64) number {
	return meanOf(items, func(item *T) number {
		d := waits(item)
		if d.Count == 0 {
			return none
		}
		return number(f(d))
	})
}

// averageAccount averages an account's figures over a number of runs; it may be missing in some,
// and has then counts of 0 in them.
func averageAccount(list []*simulator.AccountFigures, runs int) accountMeans {
	type figures = simulator.AccountFigures
	count := func(f func(*figures) float64) number {
		sum := 0.0
		for _, a := range list {
			sum += f(a)
		}
		return number(sum / float64(runs))
	}
	wait := func(f func(*simulator.Distribution) float64) number {
		return meanWait(list, func(a *figures) *simulator.Distribution { return &a.Wait }, f)
	}
	return accountMeans{
		Requests:    count(func(a *figures) float64 { return float64(a.Requests) }),
		Completed:   count(func(a *figures) float64 { return float64(a.Completed) }),
		Impossible:  count(func(a *figures) float64 { return float64(a.Impossible) }),
		WaitP50:     wait(func(d *simulator.Distribution) float64 { return d.P50Seconds }),
		WaitP95:     wait(func(d *simulator.Distribution) float64 { return d.P95Seconds }),
		WaitP99:     wait(func(d *simulator.Distribution) float64 { return d.P99Seconds }),
		WaitMax:     wait(func(d *simulator.Distribution) float64 { return d.MaxSeconds }),
		WaitMean:    wait(func(d *simulator.Distribution) float64 { return d.MeanSeconds }),
		Used:        count(func(a *figures) float64 { return a.UsedSeconds }),
		Paid:        count(func(a *figures) float64 { return a.PaidSeconds }),
		Free:        count(func(a *figures) float64 { return a.FreeSeconds }),
		Provision:   count(func(a *figures) float64 { return a.ProvisionSeconds }),
		LostWork:    count(func(a *figures) float64 { return a.LostSeconds }),
		Preempted:   count(func(a *figures) float64 { return float64(a.Preempted) }),
		Caused:      count(func(a *figures) float64 { return float64(a.Caused) }),
		Lost:        count(func(a *figures) float64 { return float64(a.Lost) }),
		Percentiles: averagePercentiles(list),
	}
}

// averagePercentiles are means of the percentiles 0 to 100 over the runs that have them; nil if
// none has.
func averagePercentiles(list []*simulator.AccountFigures) []number {
	var whole []*simulator.AccountFigures
	for _, a := range list {
		if len(a.WaitPercentilesSeconds) == percentileCount {
			whole = append(whole, a)
		}
	}
	if len(whole) == 0 {
		return nil
	}
	percentiles := make([]number, percentileCount)
	for i := range percentiles {
		percentiles[i] = meanOf(whole, func(a *simulator.AccountFigures) number {
			return number(a.WaitPercentilesSeconds[i])
		})
	}
	return percentiles
}

// averagePool averages the pool's figures. Jain's index is none where nothing was granted.
func averagePool(runs []*simulator.Figures) poolMeans {
	type figures = simulator.Figures
	mean := func(f func(*figures) float64) number {
		return meanOf(runs, func(r *figures) number { return number(f(r)) })
	}
	part := func(f func(*figures) float64) number { // of the workers' time
		return mean(func(r *figures) float64 {
			if available := r.Pool.SpanSeconds * float64(r.Pool.Workers); available > 0 {
				return f(r) / available
			}
			return 0
		})
	}
	index := func(f func(*simulator.Fairness) float64) number {
		return mean(func(r *figures) float64 {
			if x := f(&r.Fairness); x > 0 {
				return x
			}
			return math.NaN()
		})
	}
	return poolMeans{
		Span:        mean(func(r *figures) float64 { return r.Pool.SpanSeconds }),
		Utilisation: mean(func(r *figures) float64 { return r.Pool.Utilisation }),
		Useful:      mean(func(r *figures) float64 { return r.Pool.UtilisationUseful }),
		Provision:   part(func(r *figures) float64 { return r.All.ProvisionSeconds }),
		LostWork:    part(func(r *figures) float64 { return r.All.LostSeconds }),
		QueueMean:   mean(func(r *figures) float64 { return r.Pool.QueueMean }),
		QueueMax:    mean(func(r *figures) float64 { return float64(r.Pool.QueueMax) }),
		Preemptions: mean(func(r *figures) float64 { return float64(r.Pool.Preemptions) }),
		Jain:        index(func(f *simulator.Fairness) float64 { return f.Jain }),
		JainServed:  index(func(f *simulator.Fairness) float64 { return f.JainServed }),
		JainWaits:   index(func(f *simulator.Fairness) float64 { return f.JainWaits }),
	}
}

// largestAccounts returns the accounts of all variants, those that used most under any of them
// first, and equal ones in order of id.
func largestAccounts(variants []*variantMeans) []scheduler.AccountID {
	most := map[scheduler.AccountID]number{}
	for _, v := range variants {
		for i := range v.accounts {
			a := &v.accounts[i]
			most[a.id] = max(most[a.id], a.Used)
		}
	}
	return slices.SortedFunc(maps.Keys(most), func(a, b scheduler.AccountID) int {
		return cmp.Or(cmp.Compare(most[b], most[a]), cmp.Compare(a, b))
	})
}
