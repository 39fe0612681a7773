package internet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"sync"

	"github.com/miekg/dns"
)

// nameServer answers over UDP and TCP on one loopback port.
type nameServer struct {
	address string
	route53 *route53
	checks  *checks
	log     *slog.Logger
	servers []*dns.Server

	mu    sync.Mutex
	names map[string]string
}

func startNameServer(r *route53, c *checks, log *slog.Logger) (*nameServer, error) {
	packets, stream, err := listenBoth()
	if err != nil {
		return nil, fmt.Errorf("start the name server: %w", err)
	}
	s := &nameServer{address: stream.Addr().String(), route53: r, checks: c, log: log, names: map[string]string{}}
	s.servers = []*dns.Server{{PacketConn: packets, Handler: s}, {Listener: stream, Handler: s}}
	for _, server := range s.servers {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		stopped := make(chan error, 1)
		go func() { stopped <- server.ActivateAndServe() }()
		select {
		case <-started:
		case err := <-stopped:
			return nil, errors.Join(fmt.Errorf("start the name server: %w", err), packets.Close(), stream.Close())
		}
	}
	return s, nil
}

// listenBoth finds a port that is free for UDP and TCP alike.
func listenBoth() (packets net.PacketConn, stream net.Listener, err error) {
	for range 10 {
		stream, err = net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		packets, err = net.ListenPacket("udp", stream.Addr().String())
		if err == nil {
			return packets, stream, nil
		}
		err = errors.Join(err, stream.Close())
	}
	return nil, nil, err
}

func (s *nameServer) register(name, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[fqdn(name)] = address
}

// ServeDNS answers one query. Recursion is offered: what a resolver would ask
// next, this server knows already.
func (s *nameServer) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	reply := new(dns.Msg).SetReply(query)
	reply.Authoritative, reply.RecursionAvailable = true, true
	if len(query.Question) != 1 {
		reply.Rcode = dns.RcodeFormatError
	} else {
		reply.Answer, reply.Rcode = s.answer(query.Question[0])
	}
	if err := w.WriteMsg(reply); err != nil {
		s.log.Debug("answer lost", "err", err)
	}
}

func (s *nameServer) answer(q dns.Question) ([]dns.RR, int) {
	s.mu.Lock()
	names := maps.Clone(s.names)
	s.mu.Unlock()
	var zones []zone
	if _, registered := names[fqdn(q.Name)]; !registered { // Route 53 takes its time when the simulator is busy
		read, _, err := s.route53.read(context.Background())
		if err != nil {
			s.log.Warn("hosted zones are as last read", "err", err)
		}
		zones = read
	}
	here := world{zones: zones, names: names, healthy: s.checks.healthy, pick: rand.Int64N}
	found, err := here.answer(q.Name, q.Qtype)
	switch {
	case errors.Is(err, errNoSuchName):
		return nil, dns.RcodeNameError
	case errors.Is(err, errNotHosted):
		return nil, dns.RcodeRefused
	case err != nil:
		s.log.Error("name not answered", "name", q.Name, "err", err)
		return nil, dns.RcodeServerFailure
	}
	return found, dns.RcodeSuccess
}

func (s *nameServer) close() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Shutdown())
	}
	return errors.Join(errs...)
}
