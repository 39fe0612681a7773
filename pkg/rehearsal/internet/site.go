package internet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

const httpsPort = "443"

// patience bounds how long a dead connection is kept for a client that never
// gives up. No client of the rehearsal waits as long.
const patience = time.Minute

// routes takes a public address to the listener that plays it.
type routes struct {
	mu      sync.Mutex
	servers map[string]*Server // by address:port
}

func newRoutes() *routes { return &routes{servers: map[string]*Server{}} }

// dial connects to a public address and port. Packets to an address that nobody
// has are lost, as they are on the real internet: dial then takes until ctx ends.
func (r *routes) dial(ctx context.Context, target string) (net.Conn, error) {
	r.mu.Lock()
	server := r.servers[target]
	r.mu.Unlock()
	if server == nil {
		<-ctx.Done()
		return nil, fmt.Errorf("connect to %s: %w", target, ctx.Err())
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", server.listener.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", target, err)
	}
	return conn, nil
}

func (r *routes) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, s := range r.servers {
		errs = append(errs, s.http.Close())
	}
	clear(r.servers)
	return errors.Join(errs...)
}

// Server is one HTTPS server behind a public address.
type Server struct {
	listener net.Listener
	http     *http.Server
	power    *power
}

// Serve starts a web server that the internet reaches at address, port 443.
// address is one of TEST-NET-1 to 3 and not in use yet.
func (i *Internet) Serve(address string, handler http.Handler) (*Server, error) {
	if net.ParseIP(address) == nil {
		return nil, fmt.Errorf("serve at %q: not an IP address", address)
	}
	target := net.JoinHostPort(address, httpsPort)
	i.routes.mu.Lock()
	defer i.routes.mu.Unlock()
	if i.routes.servers[target] != nil {
		return nil, fmt.Errorf("serve at %s: address is in use", address)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve at %s: %w", address, err)
	}
	s := &Server{listener: listener, power: &power{dead: make(chan struct{})}}
	s.http = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: time.Minute,
		TLSConfig: &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName == "" { // a client that asks for the address itself
				return i.authority.forHost(address)
			}
			return i.authority.forHost(hello.ServerName)
		}},
		// What clients break off is theirs to tell.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	i.routes.servers[target] = s
	i.running.Go(func() {
		if err := s.http.ServeTLS(mortal{listener, s.power}, "", ""); !errors.Is(err, http.ErrServerClosed) {
			i.log.Error("web server stopped", "address", address, "err", err)
		}
	})
	return s, nil
}

// Kill takes the power away: connections are still accepted, so nothing is
// refused, and neither new nor open ones get another byte. It is the same to who
// asks when the site is well and cannot be reached.
func (s *Server) Kill() { s.power.off() }

// Revive gives the power back. What was open or opened meanwhile stays silent.
func (s *Server) Revive() { s.power.on() }

// power is a site's: connections live on that of the moment at which they were accepted.
type power struct {
	mu   sync.Mutex
	gone bool
	dead chan struct{} // closed while there is none
}

func (p *power) off() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone {
		p.gone = true
		close(p.dead)
	}
}

func (p *power) on() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		p.gone, p.dead = false, make(chan struct{})
	}
}

func (p *power) now() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// mortal is a listener whose connections fall silent when the power goes.
type mortal struct {
	net.Listener
	power *power
}

func (m mortal) Accept() (net.Conn, error) {
	conn, err := m.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &mortalConn{conn, m.power.now()}, nil
}

type mortalConn struct {
	net.Conn
	dead chan struct{}
}

// Read loses what arrives after death, until the client gives up.
func (c *mortalConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		select {
		case <-c.dead:
			if err != nil {
				return 0, err
			}
		default:
			return n, err
		}
	}
}

// Write loses everything after death.
func (c *mortalConn) Write(p []byte) (int, error) {
	select {
	case <-c.dead:
		return len(p), nil
	default:
		return c.Conn.Write(p)
	}
}

// Close after death leaves the connection open: a machine without power sends no
// FIN. The client's own end closes it, or patience's.
func (c *mortalConn) Close() error {
	select {
	case <-c.dead:
		_ = c.Conn.SetReadDeadline(time.Now().Add(patience))
		go func() {
			_, _ = c.Read(make([]byte, 512))
			_ = c.Conn.Close()
		}()
		return nil
	default:
		return c.Conn.Close()
	}
}
