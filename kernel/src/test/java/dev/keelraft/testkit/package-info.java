/**
 * The conformance kit, for hosts that bring a {@link dev.keelraft.Storage} or a log of their own: abstract JUnit 5 tests of what the
 * kernel relies on. What is wrong in a log shows years later, as a lost write after a power failure; here it shows at once.
 *
 * <table>
 * <caption>What there is</caption>
 * <tr><th>extend</th><th>to test</th></tr>
 * <tr><td>{@link dev.keelraft.testkit.StorageContract}</td><td>that reads answer what {@link dev.keelraft.Storage} says,
 *     sentence by sentence</td></tr>
 * <tr><td>{@link dev.keelraft.testkit.LogContract}</td><td>that crashes take back nothing that was promised: votes,
 *     acknowledged entries, snapshots. It kills single members and whole groups at every persist point</td></tr>
 * </table>
 *
 * <p>And a simulator, for the loop around a {@link dev.keelraft.RawNode}: {@link dev.keelraft.testkit.Simulation} runs a group of
 * {@link dev.keelraft.testkit.Host}s in virtual time, from a seed, under all kinds of {@link dev.keelraft.testkit.Fault}, and checks
 * the rules of {@link dev.keelraft.testkit.Violation.Rule} at every step:
 *
 * <pre> {@code
 * Simulation.run(SimulationOptions.defaults().withHosts(MyHost::new), seed).check();
 * }</pre>
 *
 * <p>{@link dev.keelraft.testkit.SerialHost} and {@link dev.keelraft.testkit.PipelinedHost} are hosts to start from; a {@link
 * dev.keelraft.testkit.Site} is what a host finds around it; {@link dev.keelraft.testkit.SimulationOptions#withDisks} puts your own
 * log under it. {@link dev.keelraft.testkit.SimulationMain} runs it for hours.
 *
 * <h2>How to use the contracts</h2>
 *
 * <ol>
 *   <li>Depend on the artifact {@code dev.keelraft:keel-kernel} with the classifier {@code testkit}, in the scope of tests, and on
 *       JUnit 5. Nothing else is needed.
 *   <li>Implement {@link dev.keelraft.testkit.HostLog} over your log: seven short methods, most of them one call.
 *   <li>Extend both contracts. JUnit finds their tests in your class.
 * </ol>
 *
 * <p>A whole test of a log in memory, which plays again what it finds on its disk:
 *
 * <pre> {@code
 * class MemoryLogContractTest extends LogContract {
 *     private final Map<String, MemoryLog.Disk> disks = new HashMap<>();
 *
 *     @Override
 *     protected HostLog open(String name) {
 *         return new MemoryLog(disks.computeIfAbsent(name, missing -> new MemoryLog.Disk()));
 *     }
 *
 *     @Override
 *     protected void crash(String name, HostLog log, Random random) {
 *         disks.getOrDefault(name, new MemoryLog.Disk()).crash(random); // loses some of what was not synced
 *     }
 *
 *     @Override
 *     protected void discard(String name) {
 *         disks.remove(name);
 *     }
 * }
 * }</pre>
 *
 * <p>A log on a real disk gives each name a directory. Its {@code crash} may let go of the files and no more: that is the death of the
 * process. Better is to throw away what was not forced, for instance with a file layer that keeps unforced bytes apart; the
 * contract then tests the loss of power too. Nothing here starts a thread, sleeps, or looks at a clock, and the same numbers
 * are drawn in every run.
 *
 * <h2>When a test is red</h2>
 *
 * Its name is the rule that was broken, and its javadoc says whom that hurts. After a crash the message has the state at the last
 * sync, the state that was appended last, and where the log that was found differs from them. Tests that kill at every persist
 * point say which one it was; the points of a {@link dev.keelraft.Ready} are: before it is appended, after that, after its sync
 * if it has one, and when its messages have left; those of a snapshot: when it is saved, and when the log is compacted.
 */
@NullMarked
package dev.keelraft.testkit;

import org.jspecify.annotations.NullMarked;
