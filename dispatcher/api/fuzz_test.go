package api

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/quotasched/quotasched/dispatcher/access"
)

// FuzzMessages sends bytes to each method's decoder, and what comes of them through what stands
// before the methods: nobody but who may do everything is let in by a message that names nothing.
func FuzzMessages(f *testing.F) {
	for _, body := range requests {
		f.Add([]byte(body))
	}
	f.Add([]byte{0x0a, 0x03, 'l', 'a', 'b', 0x12, 0x00})
	g := &guard{}
	nobody, err := access.Parse("policy", []byte(`
identities:
  nobody: {tokens: [{sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}], pools: {none: {roles: [view]}}}
`))
	require.NoError(f, err)
	stranger, err := nobody.Identify(access.Credentials{Token: "test"}, noon)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, b []byte) {
		all := methods(t)
		for _, procedure := range slices.Sorted(maps.Keys(all)) {
			kind, err := protoregistry.GlobalTypes.FindMessageByName(all[procedure].Input().FullName())
			require.NoError(t, err)
			for _, decode := range []func([]byte, proto.Message) error{proto.Unmarshal, protojson.Unmarshal} {
				m := kind.New().Interface()
				if decode(b, m) != nil {
					continue
				}
				_ = check(m) // it may be right or wrong
				if _, err := g.allow(stranger, procedure, m); err == nil {
					require.Contains(t, []string{"ListPools", "none"}, named(m, procedure), procedure)
				}
			}
		}
	})
}

// named is the pool that a message names, or the method if that needs none.
func named(m proto.Message, procedure string) string {
	if n, ok := m.(interface{ GetPool() string }); ok {
		return n.GetPool()
	}
	return procedure[len(procedure)-len("ListPools"):]
}
