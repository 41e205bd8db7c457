package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"go.etcd.io/raft/v3"
)

// maxNodes bounds the cluster; configuration changes name ids up to it, whether or not such a node runs.
const maxNodes = 7

// A generator grows a script by looking at the cluster that it drives, so that most commands have something to do.
type generator struct {
	*rand.Rand
	c     *cluster
	steps []step
	props int
	reads int
	ok    bool
	// Limits in bytes count an entry's encoded size, and encodings of a configuration change may differ in optional
	// fields; so a script has either the one or the other.
	limits bool
	fuzzOptions
}

type fuzzOptions struct {
	noAsync, noConfChange bool
	keepPanics            bool // a command at which the library panicked stays, as the script's last
}

// generate writes a script of about n commands. It is false where the library panicked: the script then ends before that.
func generate(seed uint64, n int, o fuzzOptions) ([]step, bool) {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0x5eed)), c: &cluster{}, ok: true, fuzzOptions: o}
	g.limits = g.chance(35)
	g.do("detail")
	if g.chance(50) {
		g.do("direct")
	}
	g.found()
	calm := g.IntN(3) // how seldom messages are lost, doubled and reordered: from stormy to quiet
	for g.ok && len(g.steps) < n {
		g.one(calm)
	}
	if g.ok {
		g.do("stabilize")
		g.do("raft-state")
		for _, nd := range g.c.nodes {
			g.do("node-state %d", nd.id)
			g.do("status %d", nd.id)
			g.do("raft-log %d", nd.id)
		}
	}
	return g.steps, g.ok
}

// do appends a command and runs it. The last element of the format may hold input after a newline.
func (g *generator) do(format string, a ...any) {
	if !g.ok {
		return
	}
	text := fmt.Sprintf(format, a...)
	line, input, _ := strings.Cut(text, "\n")
	s := step{line: line, input: input, pos: "fuzz"}
	s.cmd, s.args = parseArgs(s.pos, line)
	out, panicked := g.c.run(s)
	if panicked != nil {
		g.ok = false
		if g.keepPanics {
			s.output = fmt.Sprintf("panic: %v\n", panicked)
			g.steps = append(g.steps, s)
		}
		return
	}
	s.output = out
	g.steps = append(g.steps, s)
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g *generator) found() {
	n := []int{1, 2, 3, 3, 3, 3, 4, 5, 5}[g.IntN(9)]
	voters := 1 + g.IntN(n)
	if g.chance(70) {
		voters = n
	}
	var vs, ls []string
	for id := 1; id <= n; id++ {
		if id <= voters {
			vs = append(vs, fmt.Sprint(id))
		} else if g.chance(60) {
			ls = append(ls, fmt.Sprint(id))
		}
	}
	opts := fmt.Sprintf(" voters=(%s)", strings.Join(vs, ","))
	if len(ls) > 0 {
		opts += fmt.Sprintf(" learners=(%s)", strings.Join(ls, ","))
	}
	opts += fmt.Sprintf(" index=%d", 2+g.IntN(9))
	if g.chance(30) {
		opts += " content=base"
	}
	g.do("add-nodes %d%s%s", n, opts, g.options())
}

// options are the same for every node of a cluster but for those of its limits.
func (g *generator) options() string {
	var b strings.Builder
	opt := func(percent int, format string, a ...any) {
		if g.chance(percent) {
			fmt.Fprintf(&b, " "+format, a...)
		}
	}
	election := 3 + g.IntN(3)
	fmt.Fprintf(&b, " election-tick=%d", election)
	if !g.noAsync {
		opt(40, "async-storage-writes=true")
	}
	opt(45, "prevote=true")
	if g.chance(45) {
		b.WriteString(" checkquorum=true")
		opt(40, "read-only=lease-based")
	}
	opt(35, "inflight=%d", 1+g.IntN(4))
	if g.limits {
		size := g.IntN(120)
		fmt.Fprintf(&b, " max-size-per-msg=%d", size)
		opt(50, "inflight-bytes=%d", size+g.IntN(200))
		opt(60, "max-committed-size-per-ready=%d", 1+g.IntN(120))
		opt(40, "max-uncommitted-size=%d", 1+g.IntN(100))
	}
	opt(30, "step-down-on-removal=true")
	opt(15, "disable-proposal-forwarding=true")
	opt(4, "disable-conf-change-validation=true")
	return b.String()
}

func (g *generator) anyNode() *node { return g.c.nodes[g.IntN(len(g.c.nodes))] }

// leader is a node that believes it leads, or else any.
func (g *generator) leader() *node {
	for _, i := range g.Perm(len(g.c.nodes)) {
		if n := g.c.nodes[i]; n.raw.BasicStatus().RaftState == raft.StateLeader {
			return n
		}
	}
	return g.anyNode()
}

func (g *generator) likelyLeader() *node {
	if g.chance(80) {
		return g.leader()
	}
	return g.anyNode()
}

func (g *generator) pick(want func(*node) bool) *node {
	for _, i := range g.Perm(len(g.c.nodes)) {
		if want(g.c.nodes[i]) {
			return g.c.nodes[i]
		}
	}
	return nil
}

func (g *generator) one(calm int) {
	if g.leader().raw.BasicStatus().RaftState != raft.StateLeader && g.chance(8) {
		g.do("campaign %d", g.anyNode().id)
		g.do("stabilize")
	}
	switch p := g.IntN(1000); {
	case p < 300:
		if n := g.pick(func(n *node) bool { return n.raw.HasReady() }); n != nil {
			g.do("process-ready %d", n.id)
		}
	case p < 400:
		if n := g.pick(func(n *node) bool { return len(n.appendWork) > 0 }); n != nil {
			g.do("process-append-thread %d", n.id)
		}
	case p < 450:
		if n := g.pick(func(n *node) bool { return len(n.applyWork) > 0 }); n != nil {
			g.do("process-apply-thread %d", n.id)
		}
	case p < 660:
		g.deliver(calm)
	case p < 760:
		n := g.anyNode()
		if g.chance(50) {
			n = g.leader()
		}
		count := 1
		if g.chance(30) {
			count = 1 + g.IntN(n.cfg.ElectionTick)
		}
		// The library chooses in [election, 2*election); a choice that outlasts the command keeps it free of chance.
		g.do("tick %d count=%d timeout=%d", n.id, count, n.cfg.ElectionTick+g.IntN(n.cfg.ElectionTick))
	case p < 860:
		g.props++
		g.do("propose %d p%d%s", g.likelyLeader().id, g.props, strings.Repeat("x", g.IntN(4)*g.IntN(20)))
	case p < 890:
		g.confChange()
	case p < 905:
		g.reads++
		g.do("read-index %d r%d", g.likelyLeader().id, g.reads)
	case p < 915:
		g.do("campaign %d", g.anyNode().id)
	case p < 925:
		g.do("transfer-leadership from=%d to=%d", g.likelyLeader().id, 1+g.IntN(len(g.c.nodes)))
	case p < 930:
		g.do("forget-leader %d", g.anyNode().id)
	case p < 940:
		g.do("report-unreachable %d %d", g.likelyLeader().id, 1+g.IntN(len(g.c.nodes)))
	case p < 950:
		g.do("report-snapshot %d %d status=%s", g.likelyLeader().id, 1+g.IntN(len(g.c.nodes)),
			[]string{"finish", "failure"}[g.IntN(2)])
	case p < 955:
		// Nobody but a leader sends snapshots; what the library does with others is no guide.
		from, to := g.leader(), g.anyNode()
		if from != to && from.raw.BasicStatus().RaftState == raft.StateLeader {
			g.do("send-snapshot %d %d", from.id, to.id)
		}
	case p < 970:
		n := g.anyNode()
		first, _ := n.disk.FirstIndex()
		applied := n.disk.durablyApplied()
		if last, _ := n.disk.LastIndex(); applied > first && applied <= last {
			g.do("compact %d %d", n.id, first+1+g.Uint64N(applied-first))
		}
	case p < 980:
		g.do("restart %d", g.anyNode().id)
	case p < 984:
		if len(g.c.nodes) < maxNodes {
			g.do("add-nodes 1%s", g.options())
		}
	case p < 990:
		g.do("stabilize")
	default:
		g.do("raft-state")
		g.do("status %d", g.leader().id)
	}
	if g.chance(6) {
		g.do("node-state %d", g.likelyLeader().id)
	}
}

func (g *generator) deliver(calm int) {
	n := g.pick(func(n *node) bool { return g.c.inFlight(n.id) > 0 })
	if n == nil {
		return
	}
	storm := []int{40, 15, 3}[calm]
	switch {
	case g.chance(storm / 3):
		g.do("deliver-msgs drop=(%d)", n.id)
	case g.chance(storm):
		opt := ""
		if g.chance(30) {
			opt = " keep=true"
		} else if g.chance(30) {
			opt = " drop=true"
		}
		g.do("deliver-one %d nth=%d%s", n.id, g.IntN(g.c.inFlight(n.id)), opt)
	default:
		g.do("deliver-msgs %d", n.id)
	}
}

func (g *generator) confChange() {
	if g.limits || g.noConfChange {
		return
	}
	n := g.likelyLeader()
	voters := n.raw.Status().Config.Voters.IDs()
	one := func() string {
		kind, id := "vvvlrru"[g.IntN(7)], uint64(1+g.IntN(min(maxNodes, len(g.c.nodes)+1)))
		switch _, is := voters[id]; {
		case kind == 'v':
			voters[id] = struct{}{}
		case kind != 'u' && is && len(voters) == 1:
			kind = 'u' // the library panics where a change leaves no voter
		case kind != 'u':
			delete(voters, id)
		}
		return fmt.Sprintf("%c%d", kind, id)
	}
	if g.chance(30) {
		g.do("propose-conf-change %d v1=true\n%s", n.id, one())
		return
	}
	var cs []string
	for range []int{0, 1, 1, 2, 3}[g.IntN(5)] {
		cs = append(cs, one())
	}
	transition := []string{"auto", "implicit", "explicit"}[g.IntN(3)]
	if len(cs) == 0 && g.chance(95) {
		transition = "auto" // the others pass for a leave, and panic the library where there is nothing to leave
	}
	g.do("propose-conf-change %d transition=%s\n%s", n.id, transition, strings.Join(cs, " "))
}
