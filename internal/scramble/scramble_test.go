package scramble

import "testing"

func TestEverythingReachableIsOverwritten(t *testing.T) {
	type inner struct {
		Number int64
		Texts  []string
	}
	type outer struct {
		Inner  *inner
		Map    map[string]*inner
		Any    any
		Flag   bool
		Vector [2]uint8
		hidden int
	}
	shared := &inner{Number: 1, Texts: []string{"a"}}
	in := &inner{Number: 2}
	v := &outer{
		Inner: shared, Map: map[string]*inner{"k": in}, Any: &inner{Number: 3}, hidden: 7,
	}
	v.Inner.Texts = append(v.Inner.Texts, "b")
	Everything(v)
	switch {
	case shared.Number == 1 || shared.Texts[0] == "a" || shared.Texts[1] == "b":
		t.Errorf("the pointer's target is still %+v", shared)
	case in.Number == 2:
		t.Errorf("the map's value is still %+v", in)
	case v.Any.(*inner).Number == 3 || !v.Flag || v.Vector == [2]uint8{}:
		t.Errorf("fields are still %+v", v)
	case len(v.Map) != 1 || v.Map["k"] != nil:
		t.Errorf("the map is still %v", v.Map)
	case v.hidden != 7:
		t.Error("an unexported field changed")
	}
}
