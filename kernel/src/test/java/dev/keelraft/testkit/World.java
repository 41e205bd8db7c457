package dev.keelraft.testkit;

import dev.keelraft.RaftConfig;
import dev.keelraft.Status;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.ProgressState;
import dev.keelraft.model.RaftRole;
import dev.keelraft.testkit.Violation.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** One run: the members, what is between them, and what becomes of them. */
final class World {
    /** How long a healed group may take for a leader and a commit, in election time-outs. */
    private static final int RECOVERY_TIMEOUTS = 10;

    /** And for everything else: everybody caught up, and nothing left over. */
    private static final int SETTLING_TIMEOUTS = 60;

    private final SimulationOptions options;
    private final Host.Factory hosts;
    private final Dice dice;
    private final Setup setup;
    private final Schedule schedule;
    private final Agenda agenda = new Agenda();
    private final Coverage coverage = new Coverage();
    private final Trace trace;
    private final Network network;
    private final Rules rules;
    private final LeaderWatch watch;
    private final Beliefs beliefs;
    private final TreeMap<Long, SimulatedMember> members = new TreeMap<>();
    private final Operator operator;
    private final Clients clients;
    private long lastId;
    private boolean disksWereExchanged;
    private boolean healed;
    private int snapshotEntries;

    World(SimulationOptions options, Setup setup, Schedule schedule, Dice dice) {
        this.options = options;
        this.hosts = options.hosts().get();
        this.setup = setup;
        this.schedule = schedule;
        this.dice = dice;
        this.trace = new Trace(this, options.trace());
        this.network = new Network(this, dice.fork());
        this.snapshotEntries = setup.snapshotEntries();
        List<Long> founders = new ArrayList<>();
        for (long id = 1; id <= setup.members(); id++) {
            founders.add(id);
        }
        this.lastId = setup.members();
        this.watch = new LeaderWatch(this);
        this.beliefs = new Beliefs(this);
        this.rules = new Rules(this, ConfState.of(founders));
        for (long id : founders) {
            members.put(id, new SimulatedMember(this, id, dice.fork(), founders));
        }
        this.operator = new Operator(this, dice.fork());
        this.clients = new Clients(this, dice.fork(), setup.clients());
    }

    Host.Factory hosts() {
        return hosts;
    }

    SimulationOptions options() {
        return options;
    }

    Setup setup() {
        return setup;
    }

    Agenda agenda() {
        return agenda;
    }

    Coverage coverage() {
        return coverage;
    }

    Trace trace() {
        return trace;
    }

    Network network() {
        return network;
    }

    Rules rules() {
        return rules;
    }

    Beliefs beliefs() {
        return beliefs;
    }

    LeaderWatch watch() {
        return watch;
    }

    Operator operator() {
        return operator;
    }

    Clients clients() {
        return clients;
    }

    /** By id, those that were removed for good left out. */
    Map<Long, SimulatedMember> members() {
        return members;
    }

    List<SimulatedMember> memberList() {
        return new ArrayList<>(members.values());
    }

    int snapshotEntries() {
        return snapshotEntries;
    }

    RaftConfig config(SimulatedMember member, Dice random) {
        RaftConfig.Builder builder = setup.config(member, random);
        options.configure().accept(builder);
        return builder.build();
    }

    SimulatedMember newMember() {
        long id = ++lastId;
        SimulatedMember member = new SimulatedMember(this, id, dice.fork(), List.of());
        members.put(id, member);
        return member;
    }

    SimulatedDisk emptyDisk(long member) {
        return options.disks().make(member, dice.fork());
    }

    void diskExchanged() {
        disksWereExchanged = true;
    }

    /** Then counting disks says nothing about what was promised. */
    boolean disksWereExchanged() {
        return disksWereExchanged;
    }

    /** Nothing fails any more. */
    boolean isHealed() {
        return healed;
    }

    void forgetRetired() {
        members.values().removeIf(SimulatedMember::isRemoved);
    }

    /** The leader of the highest term that is up, as it sees itself. */
    Optional<SimulatedMember> leader() {
        SimulatedMember leader = null;
        long term = -1;
        for (SimulatedMember member : members.values()) {
            Optional<Status> status = member.isPaused() ? Optional.empty() : member.status();
            if (status.isPresent()
                    && status.get().softState().role() == RaftRole.LEADER
                    && status.get().hardState().term() > term) {
                leader = member;
                term = status.get().hardState().term();
            }
        }
        return Optional.ofNullable(leader);
    }

    /** Who led last, as far as anybody could see. */
    long leaderId() {
        return rules.leaderOf(rules.newestTerm());
    }

    // ---------------------------------------------------------------- the run

    /** Lets it all happen. Throws what is broken. */
    void run() {
        memberList().forEach(SimulatedMember::start);
        for (Fault fault : schedule.faults()) {
            agenda.at(fault.at(), () -> happen(fault));
        }
        agenda.at(500, this::sample);
        agenda.runUntil(options.millis());
        recover();
        clients.check();
    }

    private void recover() {
        healed = true;
        network.heal();
        snapshotEntries = setup.snapshotEntries();
        for (SimulatedMember member : memberList()) {
            member.heal();
            restart(member);
        }
        long before = clients.completed();
        long decided = rules.decidedIndex();
        long timeout = (long) setup.electionTicks() * setup.tickMillis();
        long start = agenda.now();
        // Without pre-votes whoever cannot win may be the first to try, again and again; so may members that were
        // removed and run on.
        boolean disturbed = setup.preVotes() != Setup.ALL
                || setup.priorities()
                || members.size() > rules.newestConfiguration().voters().size();
        long patience = disturbed ? 3 : 1;
        agenda.runFor(
                patience * RECOVERY_TIMEOUTS * timeout,
                setup.tickMillis(),
                () -> leader().isPresent()
                        && (setup.clients() == 0 || clients.completed() > before)
                        && (setup.clients() > 0 || rules.decidedIndex() >= decided));
        if (leader().isEmpty()) {
            throw new Violation(
                    Rule.LIVENESS,
                    "nobody leads " + (agenda.now() - start) + " ms after everything was healed: " + states());
        }
        if (setup.clients() > 0 && clients.completed() == before) {
            throw new Violation(
                    Rule.LIVENESS,
                    "nothing was answered within " + (agenda.now() - start) + " ms after everything was healed: "
                            + states());
        }
        clients.stop();
        settle(timeout);
        checkQuiet(timeout);
        Exercises exercises = new Exercises(this, dice.fork(), timeout);
        exercises.handOver();
        settle(timeout);
        exercises.grow();
        settle(timeout);
        exercises.shrink();
        settle(timeout);
    }

    private void settle(long timeout) {
        String left = "";
        for (long end = agenda.now() + SETTLING_TIMEOUTS * timeout; agenda.now() < end; ) {
            agenda.runUntil(agenda.now() + timeout);
            operator.finish();
            left = unsettled();
            if (left.isEmpty()) {
                break;
            }
        }
        if (!left.isEmpty()) {
            throw new Violation(Rule.LIVENESS, "long after everything was healed " + left + ": " + states());
        }
    }

    /* What must not last. */
    private String unsettled() {
        if (agenda.now() < options.millis() + Network.LONGEST_MILLIS) {
            return "messages of before are on their way";
        }
        if (members.values().stream().anyMatch(operator::runsOn)) {
            return "a member that was removed runs on";
        }
        if (!clients.areIdle()) {
            return "a client has no answer";
        }
        if (operator.isBusy()) {
            return "a disk is not replaced";
        }
        ConfState newest = rules.newestConfiguration();
        if (newest.isJoint()) {
            return "the configuration is joint";
        }
        Optional<SimulatedMember> leading = leader();
        if (leading.isEmpty()) {
            return "nobody leads";
        }
        Status leader = leading.get().status().orElseThrow();
        if (leader.transferTarget() != NodeId.NONE) {
            return "leadership is being handed over";
        }
        List<Long> all = new ArrayList<>(newest.voters());
        all.addAll(newest.learners());
        for (long id : all) {
            Status status = Optional.ofNullable(members.get(id))
                    .flatMap(SimulatedMember::status)
                    .orElse(null);
            if (status == null
                    || status.applied() != leader.lastIndex()
                    || status.hardState().commit() != leader.lastIndex()) {
                return "node " + id + " is behind";
            }
            if (status.pendingReads() > 0) {
                return "node " + id + " has reads that nobody answers";
            }
            if (status.softState().lead() != leader.id()) {
                return "node " + id + " follows another";
            }
        }
        for (Status.Peer peer : leader.peers()) {
            if (peer.state() != ProgressState.REPLICATE || peer.match() != leader.lastIndex()) {
                return "the leader takes node " + peer.id() + " for " + peer.state() + " up to " + peer.match();
            }
            if (peer.inflightMessages() > 0) {
                return "the leader waits for node " + peer.id() + " to acknowledge " + peer.inflightMessages()
                        + " appends";
            }
        }
        return "";
    }

    /* With nothing to do, a group says little. */
    private void checkQuiet(long timeout) {
        memberList().forEach(SimulatedMember::takeMostSentInATick);
        long term = rules.newestTerm();
        agenda.runUntil(agenda.now() + 3 * timeout);
        for (SimulatedMember member : memberList()) {
            long most = member.takeMostSentInATick();
            if (most > 4L * members.size()) {
                throw new Violation(
                        Rule.BOUNDED_FLOW,
                        "node " + member.id() + " sends " + most + " messages in a tick, with nothing to do");
            }
        }
        if (rules.newestTerm() != term) {
            throw new Violation(Rule.LIVENESS, "a group that nothing disturbs has changed its leader: " + states());
        }
    }

    private String states() {
        StringBuilder text = new StringBuilder("members " + rules.newestConfiguration());
        for (SimulatedMember member : members.values()) {
            text.append(System.lineSeparator())
                    .append("  node ")
                    .append(member.id())
                    .append(": ")
                    .append(member.status().map(Status::toString).orElse("down"));
        }
        return text.toString();
    }

    /* Looks at what nodes say of themselves, now and then. */
    private void sample() {
        for (SimulatedMember member : memberList()) {
            if (member.isPaused()) {
                continue;
            }
            member.status().ifPresent(status -> {
                beliefs.look(member, setup.electionTicks());
                member.config().ifPresent(config -> watch.look(member, config, status));
                for (Status.Peer peer : status.peers()) {
                    if (peer.match() >= peer.next()
                            || peer.match() > status.lastIndex()
                            || peer.inflightMessages() < 0) {
                        throw new Violation(Rule.BOUNDED_FLOW, "node " + member.id() + " has of its peer " + peer);
                    }
                }
                if (status.applied() > status.hardState().commit()
                        || status.hardState().commit() > status.lastIndex()) {
                    throw new Violation(Rule.MONOTONY, "node " + member.id() + " contradicts itself: " + status);
                }
            });
        }
        agenda.in(500, this::sample);
    }

    // ---------------------------------------------------------------- faults

    private SimulatedMember member(int place) {
        List<SimulatedMember> all = memberList();
        return all.get(place % all.size());
    }

    private void happen(Fault fault) {
        if (healed) {
            return;
        }
        SimulatedMember member = victim(fault);
        SimulatedMember other = member(fault.member() + 1 + fault.other() % Math.max(1, members.size() - 1));
        boolean done = true;
        switch (fault.kind()) {
            case LOSS -> network.lose(fault.amount() % 400, fault.millis());
            case DUPLICATION -> network.duplicate(fault.amount() % 600, fault.millis());
            case DELAY -> network.delay(5 + fault.amount() * (fault.other() % 4 == 0 ? 5 : 1), fault.millis());
            case REPLAY -> network.replay(1 + fault.amount() % 40);
            case PARTITION -> network.cut((from, to) -> half(fault, from) != half(fault, to), fault.millis());
            case ISOLATION -> network.cut((from, to) -> from == member.id() || to == member.id(), fault.millis());
            case ONE_WAY -> {
                boolean mute = fault.other() % 2 == 0;
                network.cut((from, to) -> (mute ? from : to) == member.id(), fault.millis());
            }
            case CUT_LINK ->
                network.cut(
                        (from, to) ->
                                (from == member.id() && to == other.id()) || (to == member.id() && from == other.id()),
                        fault.millis());
            case CRASH -> crash(member, false, fault.millis());
            case POWER_LOSS -> crash(member, true, fault.millis());
            case POWER_LOSS_WHILE_WRITING -> {
                if (fault.amount() % 2 == 0 || !member.losePowerInOperation(1 + fault.amount() % 30)) {
                    member.losePowerWhileWriting(1 + fault.amount() % 9);
                }
            }
            case POWER_LOSS_OF_ALL -> memberList().forEach(one -> crash(one, true, 1 + fault.millis() / 2));
            case PAUSE -> member.pause(fault.millis());
            case SLOW_DISK -> member.slowDisk(20 + fault.amount() / 4, fault.millis());
            case STALLED_DISK -> member.stallDisk(fault.millis());
            case CLOCK -> clock(member, fault);
            case WIPE -> done = operator.loseDisk(fault.member(), false);
            case BACKUP -> done = operator.loseDisk(fault.member(), true);
            case TRANSFER -> operator.transfer(fault.other());
            case CAMPAIGN -> operator.campaign(member);
            case FORGET_LEADER -> operator.forgetLeader(member);
            case ADD_MEMBER -> operator.addMember();
            case PROMOTE -> operator.promote(fault.other());
            case DEMOTE -> operator.demote(fault.other());
            case REMOVE -> operator.remove(fault.other());
            case REMOVE_LEADER -> operator.removeLeader();
            case JOINT_CHANGE -> operator.change(fault.other());
            case COMPACTION -> {
                snapshotEntries = 1 + fault.amount() % 3;
                agenda.in(fault.millis(), () -> snapshotEntries = setup.snapshotEntries());
            }
            case DISK_ERROR -> done = member.failDisk(1 + fault.amount() % 20, fault.amount() % 5 == 0);
            case DISK_FULL -> done = member.fillDisk(fault.millis());
        }
        if (done) {
            coverage.count(fault.kind());
            trace.fault(fault, fault.kind().isOfOne() ? member.id() : 0, () -> what(fault));
        }
        if (fault.kind().isHard() && rules.newestConfiguration().isJoint()) {
            coverage.count(Coverage.Seen.FAULT_WHILE_JOINT);
        }
    }

    /** The member that a fault hits, if it hits one: some prefer the leader, where the most can go wrong. */
    private SimulatedMember victim(Fault fault) {
        SimulatedMember drawn = member(fault.member());
        boolean prefersLeader = switch (fault.kind()) {
            case ISOLATION, PAUSE, STALLED_DISK -> fault.other() % 2 == 0;
            case CRASH, POWER_LOSS, POWER_LOSS_WHILE_WRITING, DISK_ERROR, DISK_FULL -> fault.other() % 3 == 0;
            default -> false;
        };
        return prefersLeader ? leader().orElse(drawn) : drawn;
    }

    private static int half(Fault fault, long id) {
        return fault.other() >> (id % 6) & 1;
    }

    /* For people, who see the picture. */
    private String what(Fault fault) {
        return switch (fault.kind()) {
            case PARTITION -> {
                Map<Integer, List<Long>> halves = members.keySet().stream()
                        .collect(Collectors.groupingBy(id -> half(fault, id), TreeMap::new, Collectors.toList()));
                yield fault.kind() + " " + halves.values();
            }
            case ONE_WAY -> fault.kind() + (fault.other() % 2 == 0 ? ", mute" : ", deaf");
            default -> fault.kind().name();
        };
    }

    /* Where there are leases, clocks keep what they promise; elsewhere they do as they like. */
    private void clock(SimulatedMember member, Fault fault) {
        member.clock(setup.leases() ? 96 + fault.amount() % 9 : 40 + fault.amount() % 200);
        agenda.in(4 * fault.millis(), () -> member.clock(100));
    }

    private void crash(SimulatedMember member, boolean power, long millis) {
        if (!member.isUp()) {
            return;
        }
        member.keepBackup(dice.chance(300));
        if (power) {
            member.losePower();
        } else {
            member.kill();
        }
        agenda.in(millis, () -> restart(member));
    }

    void restartLater(SimulatedMember member) {
        agenda.in(dice.between(1, 2_000), () -> restart(member));
    }

    private void restart(SimulatedMember member) {
        // A disk that was exchanged may speak only once the group knows it.
        if (!member.isUp() && !member.isDiskExchanged() && members.containsKey(member.id())) {
            member.start();
        }
    }
}
