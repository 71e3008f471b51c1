package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/quotasched/quotasched/dispatcher/certs"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// procedures are the paths of all methods of the API.
func procedures(t *testing.T) []string {
	var all []string
	protoregistry.GlobalFiles.RangeFilesByPackage(dispatch.File_protos_dispatch_tasks_proto.Package(),
		func(file protoreflect.FileDescriptor) bool {
			for i := range file.Services().Len() {
				service := file.Services().Get(i)
				for k := range service.Methods().Len() {
					all = append(all, "/"+string(service.FullName())+"/"+string(service.Methods().Get(k).Name()))
				}
			}
			return true
		})
	require.Greater(t, len(all), 25)
	return all
}

// A certificate that has expired, or that a stranger signed, is refused by each method, whatever
// the client thinks of it.
func TestWrongCertificatesAreRefusedByTheServer(t *testing.T) {
	dir := t.TempDir()
	require.Zero(t, qsched(t, "cert", "ca", "--dir", dir).code)
	require.Zero(t, qsched(t, "cert", "node", "n1", "--host", "127.0.0.1", "--dir", dir).code)
	file := func(name string) string { return filepath.Join(dir, name) }
	read := func(name string) []byte {
		text, err := os.ReadFile(file(name))
		require.NoError(t, err)
		return text
	}
	require.NoError(t, os.WriteFile(file("policy.yaml"),
		[]byte(`identities: {boss: {certificates: ["dns:boss"], operator: true}}`), 0o600))
	url := serve(t, "--data-dir", file("data"), "--auth", file("policy.yaml"), "--tls-cert", file("n1.pem"),
		"--tls-key", file("n1-key.pem"), "--tls-client-ca", file("ca.pem"))

	now := time.Now()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(read("ca.pem")))
	stranger, err := certs.NewAuthority("stranger", now, time.Hour)
	require.NoError(t, err)
	own := certs.Pair{Certificate: read("ca.pem"), Key: read("ca-key.pem")}
	for _, c := range []struct {
		about string
		by    certs.Pair
		until time.Time
		good  bool
	}{
		{"one that is right", own, now.Add(time.Minute), true},
		{"one that has expired", own, now.Add(-time.Minute), false},
		{"one that a stranger signed", stranger, now.Add(time.Minute), false},
	} {
		authority, err := certs.ParseAuthority(c.by)
		require.NoError(t, err)
		pair, err := authority.Issue(certs.Request{Names: []string{"dns:boss"}, From: now.Add(-time.Hour), Until: c.until})
		require.NoError(t, err)
		shown, err := tls.X509KeyPair(pair.Certificate, pair.Key)
		require.NoError(t, err)
		web := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &shown, nil }}}}
		for _, path := range procedures(t) {
			r, err := web.Post(url+path, "application/json", strings.NewReader("{}"))
			if !c.good {
				require.Error(t, err, "%s: %s", c.about, path)
				continue
			}
			require.NoError(t, err, "%s: %s", c.about, path)
			_, _ = io.Copy(io.Discard, r.Body)
			require.NoError(t, r.Body.Close())
			require.NotEqual(t, http.StatusUnauthorized, r.StatusCode, path)
		}
	}
}

// serve runs a server in this process until the test ends, and returns its URL.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	code := make(chan int, 1)
	logs := &bytes.Buffer{}
	go func() {
		code <- execute(ctx, append([]string{"server", "--listen", "127.0.0.1:0", "--log-level", "error"}, args...),
			streams{in: strings.NewReader(""), out: writer, err: logs})
		writer.Close()
	}()
	line := make([]byte, 100)
	n, err := reader.Read(line)
	require.NoError(t, err, "the server ended")
	t.Cleanup(func() {
		end()
		require.Equal(t, exitOK, <-code, logs)
	})
	return strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "ready: "))
}
