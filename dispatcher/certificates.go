package dispatcher

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificates are what files have, read anew when one of them has changed. Files that are wrong
// leave the last good ones in use.
type certificates struct {
	files  TLS
	logger *slog.Logger

	mu     sync.Mutex
	stamps [3]time.Time
	config *tls.Config
}

// loadCertificates returns those of files, or an error if they are wrong.
func loadCertificates(files TLS, logger *slog.Logger) (*certificates, error) {
	c := &certificates{files: files, logger: logger}
	var err error
	if c.stamps, err = c.stamp(); err != nil {
		return nil, err
	}
	c.config, err = files.load()
	return c, err
}

func (c *certificates) stamp() (stamps [3]time.Time, err error) {
	for i, name := range []string{c.files.Certificate, c.files.Key, c.files.ClientAuthority} {
		if name == "" {
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return stamps, err
		}
		stamps[i] = info.ModTime()
	}
	return stamps, nil
}

// base is the configuration of a server, which asks for the current one at each connection.
func (c *certificates) base() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: c.current,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return nil, errors.New("there is no certificate")
		}}
}

// current is the configuration of a new connection.
func (c *certificates) current(*tls.ClientHelloInfo) (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamps, err := c.stamp()
	if err != nil || stamps == c.stamps {
		return c.config, nil
	}
	c.stamps = stamps
	config, err := c.files.load()
	if err != nil {
		c.logger.Error("the new certificates are wrong, the old ones stay", "error", err)
		return c.config, nil
	}
	c.config = config
	return config, nil
}

// load reads the files.
func (t TLS) load() (*tls.Config, error) {
	own, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Certificate, err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own},
		NextProtos: []string{"h2", "http/1.1"}}
	if t.ClientAuthority == "" {
		return config, nil
	}
	pem, err := os.ReadFile(t.ClientAuthority)
	if err != nil {
		return nil, err
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: there is no certificate in it", t.ClientAuthority)
	}
	// Who has a token needs no certificate.
	config.ClientAuth = tls.VerifyClientCertIfGiven
	return config, nil
}
