package certs_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/certs"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestCertificatesAreVerifiedByTheirAuthority(t *testing.T) {
	ca, err := certs.NewAuthority("test", now, time.Hour)
	require.NoError(t, err)
	a, err := certs.ParseAuthority(ca)
	require.NoError(t, err)
	request := certs.Request{Names: []string{"dns:node-1", "ip:127.0.0.1", "uri:quotasched:node/n1", "email:a@b.c"},
		Server: true, From: now, Until: now.Add(time.Minute)}
	pair, err := a.Issue(request)
	require.NoError(t, err)
	both, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca.Certificate))
	for _, host := range []string{"node-1", "127.0.0.1"} {
		_, err = both.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: now})
		require.NoError(t, err)
	}
	_, err = both.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "node-2", CurrentTime: now})
	require.Error(t, err)
	_, err = both.Leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now.Add(2 * time.Minute)})
	require.ErrorContains(t, err, "expired")
	require.Equal(t, "quotasched:node/n1", both.Leaf.URIs[0].String())
	require.Equal(t, []string{"a@b.c"}, both.Leaf.EmailAddresses)

	other, err := certs.NewAuthority("other", now, time.Hour)
	require.NoError(t, err)
	strangers := x509.NewCertPool()
	strangers.AppendCertsFromPEM(other.Certificate)
	_, err = both.Leaf.Verify(x509.VerifyOptions{Roots: strangers, CurrentTime: now})
	require.Error(t, err)

	_, err = certs.ParseAuthority(certs.Pair{Certificate: ca.Certificate, Key: other.Key})
	require.ErrorContains(t, err, "not those of one authority")
	_, err = certs.ParseAuthority(pair)
	require.ErrorContains(t, err, "not those of one authority")
	_, err = certs.ParseAuthority(certs.Pair{Certificate: []byte("x")})
	require.ErrorContains(t, err, "is not PEM")
}

func TestRequestsThatAreRefused(t *testing.T) {
	ca, err := certs.NewAuthority("test", now, time.Hour)
	require.NoError(t, err)
	a, err := certs.ParseAuthority(ca)
	require.NoError(t, err)
	for _, c := range []struct {
		names []string
		until time.Duration
		want  string
	}{
		{nil, time.Minute, "has no name"},
		{[]string{"host"}, time.Minute, `"host" is not dns:NAME`},
		{[]string{"dns:"}, time.Minute, `"dns:" is not`},
		{[]string{"ip:host"}, time.Minute, "not an IP address"},
		{[]string{"uri:x"}, time.Minute, "not a URI"},
		{[]string{"dns:x"}, 2 * time.Hour, "longer than its authority, which ends at 2026-03-01T13:00:00Z"},
	} {
		_, err := a.Issue(certs.Request{Names: c.names, From: now, Until: now.Add(c.until)})
		require.ErrorContains(t, err, c.want)
	}
}

func TestTokens(t *testing.T) {
	token, hash := certs.NewToken()
	sum := sha256.Sum256([]byte(token))
	require.Equal(t, hex.EncodeToString(sum[:]), hash)
	require.Regexp(t, `^qsched_[A-Z2-7]{52}$`, token)
	other, _ := certs.NewToken()
	require.NotEqual(t, token, other)
}
