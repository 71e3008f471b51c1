package lease_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// FuzzHear has a table follow whatever a dispatcher may say.
func FuzzHear(f *testing.F) {
	for _, o := range []*dispatch.Orders{
		complete(1, 1, run("a", 0), run("b", 1)),
		{Epoch: 2, Kind: dispatch.Orders_KIND_INCREMENTAL, AppliesTo: 1, ResultsIn: 2,
			Stops: []*dispatch.Stop{{LeaseId: "a"}}, Recorded: []string{"b"}},
	} {
		content, err := proto.Marshal(o)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var o dispatch.Orders
		if proto.Unmarshal(content, &o) != nil {
			return
		}
		table, _ := connected(2, run("x", 0), run("y", 1))
		for now := time.Second; now < 4*time.Second; now += time.Second {
			r := table.Hear(now, &o)
			table.Expire(now)
			if len(r.Start) > 2 || table.Len() > 32 {
				t.Fatalf("%d start, %d are held", len(r.Start), table.Len())
			}
			if _, err := proto.Marshal(report(table, now)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
