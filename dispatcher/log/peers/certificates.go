package peers

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Files are those of certificates, as PEM. They are read anew when they change.
type Files struct {
	// Certificate and Key are this node's.
	Certificate, Key string
	// Authority has the certificates of those that sign nodes' certificates.
	Authority string
}

// certificates are what Files had when they were last read.
type certificates struct {
	files Files

	mu     sync.Mutex
	stamps [3]time.Time // when the files were changed
	own    *tls.Certificate
	roots  *x509.CertPool
}

func loadCertificates(files Files) (*certificates, error) {
	c := &certificates{files: files}
	_, _, err := c.current()
	return c, err
}

// current returns this node's certificate and the authorities. Files that cannot be read leave it
// at what was there before.
func (c *certificates) current() (*tls.Certificate, *x509.CertPool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamps := c.stamps
	for i, name := range []string{c.files.Certificate, c.files.Key, c.files.Authority} {
		info, err := os.Stat(name)
		if err != nil {
			return c.kept(err)
		}
		stamps[i] = info.ModTime()
	}
	if c.own != nil && stamps == c.stamps {
		return c.own, c.roots, nil
	}
	own, err := tls.LoadX509KeyPair(c.files.Certificate, c.files.Key)
	if err != nil {
		return c.kept(fmt.Errorf("%s: %w", c.files.Certificate, err))
	}
	pem, err := os.ReadFile(c.files.Authority)
	if err != nil {
		return c.kept(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return c.kept(fmt.Errorf("%s: there is no certificate in it", c.files.Authority))
	}
	c.own, c.roots, c.stamps = &own, roots, stamps
	return c.own, c.roots, nil
}

func (c *certificates) kept(err error) (*tls.Certificate, *x509.CertPool, error) {
	if c.own == nil {
		return nil, nil, err
	}
	return c.own, c.roots, nil
}

// config is that of both sides. Whose certificate it is is checked when the hello is known. Both
// sides need one for servers, so that no client of the same authority passes as a node.
func (c *certificates) config() (*tls.Config, error) {
	own, roots, err := c.current()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		Certificates:       []tls.Certificate{*own},
		ClientAuth:         tls.RequireAnyClientCert,
		InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 {
				return errors.New("it has no certificate")
			}
			between := x509.NewCertPool()
			for _, cert := range s.PeerCertificates[1:] {
				between.AddCert(cert)
			}
			_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots,
				Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
			return err
		},
	}, nil
}

// checkName finds a hello of another node than the certificate's.
func checkName(s tls.ConnectionState, node string) error {
	for _, name := range s.PeerCertificates[0].DNSNames {
		if name == node {
			return nil
		}
	}
	return fmt.Errorf("it says that it is node %q, and its certificate is of %q", node,
		s.PeerCertificates[0].DNSNames)
}
