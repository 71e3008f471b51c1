package freeport_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/internal/freeport"
)

func TestAddressesAreFreeAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		address, err := freeport.Address()
		require.NoError(t, err)
		require.False(t, seen[address], address)
		seen[address] = true
		l, err := net.Listen("tcp", address)
		require.NoError(t, err)
		defer l.Close()
		require.Less(t, l.Addr().(*net.TCPAddr).Port, 32_768)
	}
}
