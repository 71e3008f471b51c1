package peers_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/log/peers"
)

func listen(t *testing.T, id string, o peers.Options, check func(peers.Hello) error) *peers.Network {
	t.Helper()
	o.Listen, o.Logger = "127.0.0.1:0", slog.New(slog.DiscardHandler)
	n, err := peers.Listen(o, func() peers.Hello { return peers.Hello{Node: id, Directory: "d" + id} },
		check)
	require.NoError(t, err)
	t.Cleanup(func() { _ = n.Close() }) // a test may have closed it
	return n
}

func anybody(peers.Hello) error { return nil }

// echo serves a kind of connections.
func echo(t *testing.T, n *peers.Network, k peers.Kind, prefix string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := n.Listener(k).Accept()
			if err != nil {
				return
			}
			b := make([]byte, 5)
			if _, err := io.ReadFull(conn, b); err == nil {
				_, _ = conn.Write(append([]byte(prefix), b...))
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { n.Close(); <-done })
}

// ask opens a connection and says hello on it.
func ask(t *testing.T, n *peers.Network, k peers.Kind, to *peers.Network) (string, error) {
	t.Helper()
	conn, err := n.Dial(t.Context(), k, to.Addr().String())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello")); err != nil {
		return "", err
	}
	b, err := io.ReadAll(conn)
	return string(b), err
}

func TestKindsOfConnectionsShareAPort(t *testing.T) {
	a, b := listen(t, "a", peers.Options{}, anybody), listen(t, "b", peers.Options{}, anybody)
	echo(t, b, peers.Raft, "raft ")
	echo(t, b, peers.Calls, "calls ")
	for _, k := range []peers.Kind{peers.Raft, peers.Calls, peers.Raft} {
		got, err := ask(t, a, k, b)
		require.NoError(t, err)
		require.Equal(t, map[peers.Kind]string{peers.Raft: "raft hello", peers.Calls: "calls hello"}[k],
			got)
	}
}

func TestANodeThatIsNotWantedHearsWhy(t *testing.T) {
	b := listen(t, "b", peers.Options{}, func(h peers.Hello) error {
		return errors.New("node " + h.Node + " was removed")
	})
	a := listen(t, "a", peers.Options{}, anybody)
	_, err := ask(t, a, peers.Raft, b)
	require.ErrorContains(t, err, "node a was removed")
	c := listen(t, "c", peers.Options{}, func(peers.Hello) error { return errors.New("not b") })
	b2 := listen(t, "b", peers.Options{}, anybody)
	_, err = ask(t, c, peers.Raft, b2)
	require.ErrorContains(t, err, "not b", "who dials looks at who answers, too")
}

// TestStrangersAreCutOff sends garbage and nothing at all; those who say hello are served.
func TestStrangersAreCutOff(t *testing.T) {
	b := listen(t, "b", peers.Options{HandshakeTimeout: 200 * time.Millisecond, StrangersMax: 3}, anybody)
	echo(t, b, peers.Raft, "")
	for name, garbage := range map[string]string{
		"HTTP": "GET / HTTP/1.1\r\n\r\n", "long": "R\xff\xff", "no JSON": "R\x00\x02xx",
		"an answer": ".\x00\x02{}", "TLS": "\x16\x03\x01\x02\x00", "nothing": "", "half": "R\x00",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", b.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			_, err = conn.Write([]byte(garbage))
			require.NoError(t, err)
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(30*time.Second)))
			_, err = io.ReadAll(conn)
			var timeout net.Error
			require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "it is closed")
		})
	}
}

// TestTheSilentKeepNobodyOut opens many connections on which nothing is said, before a peer does.
func TestTheSilentKeepNobodyOut(t *testing.T) {
	b := listen(t, "b", peers.Options{HandshakeTimeout: time.Hour, StrangersMax: 3}, anybody)
	echo(t, b, peers.Raft, "")
	for range 50 {
		conn, err := net.Dial("tcp", b.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
	}
	a := listen(t, "a", peers.Options{}, anybody)
	require.Eventually(t, func() bool {
		got, err := ask(t, a, peers.Raft, b)
		return err == nil && got == "hello"
	}, 30*time.Second, 10*time.Millisecond, "it is served")
}

func TestADialEndsWithItsContextAndTheNetwork(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	a := listen(t, "a", peers.Options{}, anybody)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = a.Dial(ctx, peers.Raft, silent.Addr().String())
	require.Error(t, err)
	ended := make(chan error)
	go func() {
		_, err := a.Dial(t.Context(), peers.Raft, silent.Addr().String())
		ended <- err
	}()
	require.NoError(t, a.Close())
	require.Error(t, <-ended)
	_, err = a.Listener(peers.Raft).Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestWithoutCertificatesOnlyThisMachineIsServed(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "[::]:0", "nonsense"} {
		_, err := peers.Listen(peers.Options{Listen: address, Logger: slog.New(slog.DiscardHandler)},
			func() peers.Hello { return peers.Hello{} }, anybody)
		require.Error(t, err, address)
	}
}

// An authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T, dir, name string) *authority {
	a := &authority{t: t, file: filepath.Join(dir, name+".pem")}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	require.NoError(t, err)
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

// sign writes a node's certificate and key.
func (a *authority) sign(dir, node string, until time.Time) peers.Files {
	return a.signFor(dir, node, until, x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth)
}

// signFor writes a certificate for some uses, and its key.
func (a *authority) signFor(dir, node string, until time.Time, uses ...x509.ExtKeyUsage) peers.Files {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(2),
		DNSNames: []string{node}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		ExtKeyUsage: uses}, a.cert, &key.PublicKey, a.key)
	require.NoError(a.t, err)
	f := peers.Files{Certificate: filepath.Join(dir, node+".pem"), Key: filepath.Join(dir, node+".key"),
		Authority: a.file}
	writePEM(a.t, f.Certificate, "CERTIFICATE", der)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	writePEM(a.t, f.Key, "PRIVATE KEY", private)
	return f
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

func TestCertificatesSayWhoANodeIs(t *testing.T) {
	dir, later := t.TempDir(), time.Now().Add(time.Hour)
	ca, other := newAuthority(t, dir, "ca"), newAuthority(t, dir, "other")
	files := ca.sign(dir, "b", later)
	b := listen(t, "b", peers.Options{TLS: &files}, anybody)
	echo(t, b, peers.Raft, "")
	stranger := other.sign(dir, "stranger", later)
	stranger.Authority = ca.file
	for name, tc := range map[string]struct {
		id    string
		files peers.Files
		want  string
	}{
		"its own":                     {"a", ca.sign(dir, "a", later), ""},
		"another node's":              {"c", ca.sign(dir, "a2", later), "its certificate is of"},
		"a client's":                  {"d", ca.signFor(dir, "d", later, x509.ExtKeyUsageClientAuth), "peer at"},
		"of another authority":        {"stranger", stranger, "peer at"},
		"expired":                     {"old", ca.sign(dir, "old", time.Now().Add(-time.Minute)), "peer at"},
		"that trusts other authority": {"x", trusting(ca.sign(dir, "x", later), other), "unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			n := listen(t, tc.id, peers.Options{TLS: &tc.files}, anybody)
			got, err := ask(t, n, peers.Raft, b)
			if tc.want == "" {
				require.NoError(t, err)
				require.Equal(t, "hello", got)
			} else {
				require.ErrorContains(t, err, tc.want)
			}
		})
	}
	plain := listen(t, "a", peers.Options{HandshakeTimeout: time.Second}, anybody)
	_, err := ask(t, plain, peers.Raft, b)
	require.Error(t, err, "without a certificate")
}

func trusting(f peers.Files, a *authority) peers.Files {
	f.Authority = a.file
	return f
}

func TestCertificatesAreReadAnew(t *testing.T) {
	dir, later := t.TempDir(), time.Now().Add(time.Hour)
	ca, next := newAuthority(t, dir, "ca"), newAuthority(t, dir, "next")
	aFiles, bFiles := ca.sign(dir, "a", later), ca.sign(dir, "b", later)
	a := listen(t, "a", peers.Options{TLS: &aFiles}, anybody)
	b := listen(t, "b", peers.Options{TLS: &bFiles}, anybody)
	echo(t, b, peers.Raft, "")
	_, err := ask(t, a, peers.Raft, b)
	require.NoError(t, err)

	// Both nodes move to another authority, one after the other.
	renew := func(node string) {
		f := next.sign(dir, node, later)
		der, err := os.ReadFile(next.file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(ca.file, der, 0o600))
		future := time.Now().Add(time.Minute)
		for _, name := range []string{f.Certificate, f.Key, ca.file} {
			require.NoError(t, os.Chtimes(name, future, future))
		}
	}
	renew("b")
	_, err = ask(t, a, peers.Raft, b)
	require.Error(t, err, "a still has its old one")
	renew("a")
	_, err = ask(t, a, peers.Raft, b)
	require.NoError(t, err)

	// What cannot be read leaves them as they are.
	require.NoError(t, os.WriteFile(aFiles.Certificate, []byte("garbage"), 0o600))
	_, err = ask(t, a, peers.Raft, b)
	require.NoError(t, err)
}
