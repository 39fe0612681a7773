// Package certified serves HTTPS to tests, with certificates of an authority that
// they trust as everybody trusts the well-known ones: what is tested asks through
// the transport that it uses in AWS. Only tests import it.
package certified

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Authority issues certificates.
type Authority struct {
	t    *testing.T
	root issuer
}

type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	above       [][]byte // the chain from here up, without the root
}

// Trusted is an authority that http.DefaultTransport trusts until the test is over.
func Trusted(t *testing.T) *Authority {
	t.Helper()
	a := New(t)
	pool := x509.NewCertPool()
	pool.AddCert(a.root.certificate)
	transport := http.DefaultTransport.(*http.Transport)
	before := transport.TLSClientConfig
	transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	t.Cleanup(func() { transport.TLSClientConfig = before })
	return a
}

// New is an authority that nobody trusts.
func New(t *testing.T) *Authority {
	t.Helper()
	a := &Authority{t: t}
	a.root = a.issue(nil, Years(10), func(c *x509.Certificate) { authority(c); c.Subject.CommonName = rand.Text() })
	return a
}

// Years from now.
func Years(n int) time.Time { return time.Now().AddDate(n, 0, 0).Truncate(time.Second) }

// Serve answers at 127.0.0.1 with a certificate for that address, which change may
// alter; nil: it does not. A shorter intermediate's end may be given.
func (a *Authority) Serve(handler http.HandlerFunc, change func(*x509.Certificate), intermediate ...time.Time) *httptest.Server {
	a.t.Helper()
	above := a.root
	for _, end := range intermediate {
		above = a.issue(&above, end, authority)
		above.above = [][]byte{above.certificate.Raw}
	}
	leaf := a.issue(&above, Years(1), func(c *x509.Certificate) {
		c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
		c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		if change != nil {
			change(c)
		}
	})
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{
		Certificate: append([][]byte{leaf.certificate.Raw}, above.above...), PrivateKey: leaf.key,
	}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // what clients refuse is theirs to tell
	server.StartTLS()
	a.t.Cleanup(server.Close)
	return server
}

func authority(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
}

// issue makes a certificate; nil: signed by itself.
func (a *Authority) issue(by *issuer, end time.Time, change func(*x509.Certificate)) issuer {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: serial.String()},
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: end,
	}
	change(template)
	if by == nil {
		by = &issuer{certificate: template, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	if err != nil {
		a.t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return issuer{certificate: certificate, key: key}
}
