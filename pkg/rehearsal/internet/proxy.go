package internet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// proxy is the way out of a Lambda function: HTTP CONNECT, through our DNS, to
// our addresses and nowhere else. Calls to AWS do not pass here: Go's
// ProxyFromEnvironment leaves localhost alone, where the front is.
type proxy struct {
	url      string
	resolver *Resolver
	routes   *routes
	server   *http.Server
	tunnels  sync.WaitGroup
	ctx      context.Context // of the tunnels, which http.Server lets go of
	end      context.CancelFunc
}

func startProxy(resolver *Resolver, routes *routes) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the proxy: %w", err)
	}
	p := &proxy{url: "http://" + listener.Addr().String(), resolver: resolver, routes: routes}
	p.ctx, p.end = context.WithCancel(context.Background())
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	p.tunnels.Go(func() { _ = p.server.Serve(listener) })
	return p, nil
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
		return
	}
	upstream, err := p.connect(r.Context(), r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = upstream.Close()
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.tunnels.Go(func() {
		if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err == nil {
			p.tunnel(client, buffered, upstream)
		}
		_ = client.Close()
		_ = upstream.Close()
	})
}

func (p *proxy) connect(ctx context.Context, target string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", target, err)
	}
	if net.ParseIP(host) == nil {
		if host, err = p.resolver.Lookup(ctx, host); err != nil {
			return nil, err
		}
	}
	return p.routes.dial(ctx, net.JoinHostPort(host, port))
}

// tunnel carries bytes both ways until either side ends.
func (p *proxy) tunnel(client net.Conn, fromClient io.Reader, upstream net.Conn) {
	done := make(chan struct{}, 2)
	carry := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from)
		done <- struct{}{}
	}
	go carry(upstream, fromClient)
	go carry(client, upstream)
	select {
	case <-done:
	case <-p.ctx.Done():
	}
}

func (p *proxy) close() error {
	p.end()
	err := p.server.Close()
	p.tunnels.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
