package dev.keelraft.testkit;

import dev.keelraft.RaftConfig;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** What is simulated, beside the seed. Immutable: each {@code with} makes another one. */
public final class SimulationOptions implements Cloneable {
    private Supplier<Host.Factory> hosts =
            () -> site -> site.config().asyncStorageWrites() ? new PipelinedHost(site) : new SerialHost(site);
    private SimulatedDisk.Factory disks = (member, dice) -> new MemoryDisk();
    private Supplier<StateMachine> machines = Registers::new;
    private Consumer<RaftConfig.Builder> configure = builder -> {};
    private Set<Fault.Kind> kinds = EnumSet.allOf(Fault.Kind.class);
    private int members;
    private int clients = -1;
    private long millis = 30_000;
    private int tickMillis = 100;
    private int faultsPerMinute = 60;
    private boolean promises = true;
    private boolean trace;

    private SimulationOptions() {}

    /**
     * The loops, log and state machine that come with this, in groups of all kinds and sizes: thirty seconds with a fault in each,
     * and then the recovery.
     */
    public static SimulationOptions defaults() {
        return new SimulationOptions();
    }

    private SimulationOptions with(Consumer<SimulationOptions> change) {
        try {
            SimulationOptions copy = (SimulationOptions) clone();
            change.accept(copy);
            return copy;
        } catch (CloneNotSupportedException e) {
            throw new AssertionError(e);
        }
    }

    /** Another loop under test; by default {@link SerialHost} and {@link PipelinedHost} by turns. */
    public SimulationOptions withHosts(Host.Factory factory) {
        return withHostsOfRun(() -> factory);
    }

    /**
     * Another loop under test, whose hosts share something, such as a record of what was promised to whom. Each run asks for a
     * factory of its own: a run is repeated, to see what it takes to break it, and must find nothing of the one before.
     */
    public SimulationOptions withHostsOfRun(Supplier<Host.Factory> factories) {
        return with(options -> options.hosts = factories);
    }

    /** Another log under test; by default a {@link MemoryDisk}. */
    public SimulationOptions withDisks(SimulatedDisk.Factory factory) {
        return with(options -> options.disks = factory);
    }

    /** Another state machine, which understands the commands and questions of {@link Registers}; one for each life. */
    public SimulationOptions withMachines(Supplier<StateMachine> factory) {
        return with(options -> options.machines = factory);
    }

    /** Changes the settings of every node, after they were drawn. */
    public SimulationOptions withConfig(Consumer<RaftConfig.Builder> change) {
        return with(options -> options.configure = change);
    }

    /** Faults of these kinds alone. */
    public SimulationOptions withKinds(Set<Fault.Kind> some) {
        Set<Fault.Kind> copy = EnumSet.copyOf(some);
        return with(options -> options.kinds = copy);
    }

    /** How many members found the group; 0, the default, draws it from 1 to 5. */
    public SimulationOptions withMembers(int count) {
        return with(options -> options.members = count);
    }

    /** How many clients there are; negative, the default, draws it. */
    public SimulationOptions withClients(int count) {
        return with(options -> options.clients = count);
    }

    /** For how long things go wrong, in milliseconds of virtual time; after that the group must recover. */
    public SimulationOptions withMillis(long time) {
        return with(options -> options.millis = time);
    }

    /** The length of a tick, in milliseconds. */
    public SimulationOptions withTickMillis(int time) {
        return with(options -> options.tickMillis = time);
    }

    /** How many faults come in a minute of virtual time, on average; 0 for none. */
    public SimulationOptions withFaultsPerMinute(int faults) {
        return with(options -> options.faultsPerMinute = faults);
    }

    /** What leaves too early is no violation by itself, nor is a read that nobody has confirmed; only what comes of it is. */
    public SimulationOptions withoutPromises() {
        return with(options -> options.promises = false);
    }

    /** Keeps a record for a picture. */
    public SimulationOptions withTrace() {
        return with(options -> options.trace = true);
    }

    Supplier<Host.Factory> hosts() {
        return hosts;
    }

    SimulatedDisk.Factory disks() {
        return disks;
    }

    Supplier<StateMachine> machines() {
        return machines;
    }

    Consumer<RaftConfig.Builder> configure() {
        return configure;
    }

    Set<Fault.Kind> kinds() {
        return kinds;
    }

    int members() {
        return members;
    }

    int clients() {
        return clients;
    }

    long millis() {
        return millis;
    }

    int tickMillis() {
        return tickMillis;
    }

    int faultsPerMinute() {
        return faultsPerMinute;
    }

    boolean checkPromises() {
        return promises;
    }

    boolean trace() {
        return trace;
    }
}
