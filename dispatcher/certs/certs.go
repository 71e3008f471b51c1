// Package certs makes certificates and tokens, for clusters without an authority of their own.
//
// Keys are ECDSA on P-256, in PKCS #8; everything is PEM.
package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"strings"
	"time"
)

// Pair is a certificate with its key, each in PEM.
type Pair struct{ Certificate, Key []byte }

// Authority signs certificates.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// backdate makes up for clocks that are a little behind.
const backdate = 5 * time.Minute

// NewAuthority makes an authority that is valid from now on.
func NewAuthority(name string, now time.Time, valid time.Duration) (Pair, error) {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-backdate), NotAfter: now.Add(valid),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return sign(template, nil)
}

// ParseAuthority reads an authority.
func ParseAuthority(p Pair) (*Authority, error) {
	block, _ := pem.Decode(p.Certificate)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("the authority's certificate is not PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the authority's certificate: %w", err)
	}
	if block, _ = pem.Decode(p.Key); block == nil {
		return nil, errors.New("the authority's key is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the authority's key: %w", err)
	}
	k, ok := key.(*ecdsa.PrivateKey)
	if !ok || !k.PublicKey.Equal(c.PublicKey) || !c.IsCA {
		return nil, errors.New("the certificate and the key are not those of one authority")
	}
	return &Authority{certificate: c, key: k}, nil
}

// Request says what a certificate is for.
type Request struct {
	// Names are what it stands for: dns:NAME, ip:ADDRESS, uri:URI or email:ADDRESS.
	Names []string
	// Server is true if it is for servers, too; clients can always use it.
	Server bool
	// From and Until are when it is valid.
	From, Until time.Time
}

// Issue makes a certificate.
func (a *Authority) Issue(r Request) (Pair, error) {
	template := &x509.Certificate{NotBefore: r.From, NotAfter: r.Until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{
			x509.ExtKeyUsageClientAuth}}
	if len(r.Names) == 0 {
		return Pair{}, errors.New("the certificate has no name")
	}
	if r.Until.After(a.certificate.NotAfter) {
		return Pair{}, fmt.Errorf("it would be valid for longer than its authority, which ends at %s",
			a.certificate.NotAfter.UTC().Format(time.RFC3339))
	}
	if r.Server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, name := range r.Names {
		if err := addName(template, name); err != nil {
			return Pair{}, err
		}
	}
	return sign(template, a)
}

// addName adds a subject alternative name.
func addName(c *x509.Certificate, text string) error {
	kind, name, _ := strings.Cut(text, ":")
	if name == "" {
		return fmt.Errorf("%q is not dns:NAME, ip:ADDRESS, uri:URI or email:ADDRESS", text)
	}
	switch kind {
	case "dns":
		c.DNSNames = append(c.DNSNames, name)
	case "ip":
		ip := net.ParseIP(name)
		if ip == nil {
			return fmt.Errorf("%q is not an IP address", name)
		}
		c.IPAddresses = append(c.IPAddresses, ip)
	case "uri":
		u, err := url.Parse(name)
		if err != nil || u.Scheme == "" {
			return fmt.Errorf("%q is not a URI", name)
		}
		c.URIs = append(c.URIs, u)
	case "email":
		c.EmailAddresses = append(c.EmailAddresses, name)
	default:
		return fmt.Errorf("%q is not dns:NAME, ip:ADDRESS, uri:URI or email:ADDRESS", text)
	}
	return nil
}

// sign makes a key and signs its certificate; without an authority, with itself.
func sign(template *x509.Certificate, by *Authority) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1),
		127)); err != nil {
		return Pair{}, err
	}
	if by == nil {
		by = &Authority{certificate: template, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	if err != nil {
		return Pair{}, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, err
	}
	return Pair{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}),
	}, nil
}

// NewToken makes a token with 256 bits of chance, and returns it with the SHA-256 that a policy
// file has of it.
func NewToken() (token, hash string) {
	token = "qsched_" + rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(token))
	return token, hex.EncodeToString(sum[:])
}
