/**
 * The write-ahead log: makes durable what a {@link dev.keelraft.Ready} holds, finds it again after a crash, and says so when a
 * disk has lost it.
 *
 * <h2>Reading order</h2>
 *
 * {@link dev.keelraft.wal.Wal} is the door. Behind it, in the order of the data:
 *
 * <pre>
 *   Ready ─► Wal ─► Batch ─► GroupState ─► FrameBuffer ─► LogWriter ─► Segment, MarkFile ─► FileLayer
 *             │              may this        encoded       where, and      the files         DiskFiles, or one
 *             │              follow?                       when durable                      in memory (tests)
 *             └─► WalStorage ─► FrameIndex, TermRuns, EntryCache     what the kernel reads
 *
 *   Startup ─► Recovery ─► SegmentReader ─► Replay ─► GroupState     what an open does; Recovery has the rules,
 *      └─────► Hardening                                             and only reads
 *
 *   WalInspection ─► Reading ─► Recovery, Remains                    the tools of an operator
 *   WalRepair     ─► Quarantine
 * </pre>
 *
 * The writer and the view that the kernel reads are apart: {@code LogWriter} and {@code GroupState} belong to whoever appends,
 * {@link dev.keelraft.wal.WalStorage} to the kernel's thread, and {@code WalStorage.apply} is the one place where the view
 * moves: at once, or, where the log is written on a thread of its own, when the kernel's thread says so.
 *
 * <h2>What the host does, in this order</h2>
 *
 * <table>
 * <caption>Duties of the host</caption>
 * <tr><th>step</th><th>why</th></tr>
 * <tr><td>{@code append(ready)}; {@code sync()} if {@code ready.mustSync()}; only then send {@code messagesAfterPersist},
 *     and call {@code advance}</td><td>a vote or an acknowledgement that a crash takes back elects two leaders, or loses
 *     committed entries (thesis 3.8)</td></tr>
 * <tr><td>snapshot: write its file, complete, under a new name in {@code snapshotDirectory()}; {@code prepare} it, on any
 *     thread; then {@code saveSnapshot}, or {@code append(ready, prepared)} for one that a leader sent; then
 *     {@code release}</td><td>the log compares length and checksum and forces the file itself, so a host cannot forget it:
 *     ahead and beside everything else, or, without {@code prepare}, while nothing can be appended. It cannot see that a file
 *     is changed later</td></tr>
 * <tr><td>delete files that {@code referencedSnapshots()} does not name</td><td>a crash can take the log back to the state
 *     before the last sync, which may need an older file</td></tr>
 * <tr><td>on {@link dev.keelraft.wal.WalFailed}: stop the member</td><td>after a failed fsync nobody knows what is on the
 *     disk, and the next fsync reports success (fsyncgate; "Can Applications Recover from fsync Failures?", ATC 2020)</td></tr>
 * <tr><td>on {@link dev.keelraft.wal.WalSpaceExhausted}: do not advance; free space, or file descriptors; append the same
 *     Ready again</td><td>nothing was stored</td></tr>
 * <tr><td>on {@link dev.keelraft.wal.WalCorrupt}: keep the directory, remove the member, join with a new one</td><td>a
 *     member that cuts its log and goes on under its id may vote twice ("Protocol-Aware Recovery", FAST 2018)</td></tr>
 * <tr><td>on {@link dev.keelraft.wal.WalMustRejoin}: the same</td><td>somebody has cut the log, with {@link
 *     dev.keelraft.wal.WalRepair}</td></tr>
 * </table>
 *
 * <h2>The directory</h2>
 *
 * <pre>
 *   raft/                       0700; files 0600. Built as raft.tmp-*, forced, then renamed: it is there whole or not at all
 *     LOCK                      empty, locked while open. Only DiskLock may open it
 *     OWNER                     who has it open, for people
 *     IDENTITY                  whose log it is, twice
 *     IDENTITY.tmp              the next IDENTITY, written by repairs alone, of no meaning until it has its name
 *     MARK                      how far it was durable, two slots
 *     MARK.tmp                  the next MARK, of no meaning until it has its name
 *     wal/0000000000000001.wal  segments, numbered in 16 hexadecimal digits, without gaps
 *     wal/next.tmp              a segment in preparation, of no meaning; every open deletes it
 *     wal/spare-*.tmp           the same, prepared ahead on the host's executor; the star is 16 random hexadecimal digits
 *     snap/                     the host's snapshot files
 *     quarantine/1/ ...         what repairs have cut off, for people: copies, each named after its segment and the first
 *                               byte, and a MANIFEST that says what they are; without it a repair was interrupted
 * </pre>
 *
 * <h2>The bytes</h2>
 *
 * All integers are little-endian. A <em>position</em> (LSN) counts bytes over all segments, headers included, from the
 * beginning of the first. Checksums are CRC-32C. What is not named is zero. Version 1.0 writes:
 *
 * <pre>
 *   IDENTITY, two copies of 4096 bytes          a segment's header, 4096 bytes
 *      0  "KEELIDNT"                               0  89 "RWAL" 0D 0A 1A
 *      8  u16 major = 1, u16 minor = 0             8  u16 major = 1, u16 minor = 0
 *     12  u32 flags: 1 must rejoin                12  u32 features that others may ignore
 *     16  u64 cluster                             16  u32 features that others may only read
 *     24  u64 member                              20  u32 features that others must know
 *     32  u8[16] incarnation                      24  u8[16] log
 *     48  u8[16] log                              40  u64 cluster      48  u64 member
 *     64  u64 created, ms                         56  u64 number of the segment
 *   4092  u32 checksum of bytes 0..4091           64  u64 salt, random
 *                                                 72  u64 position of byte 0
 *   MARK, two slots at 0 and 4096                 80  u64 length of the file, for ever
 *      0  "KEELMARK"                              88  u64 length of the log in the segment before
 *      8  u16 major = 1, u16 minor = 0            96  u32 chain at its end
 *     12  u32 flags: 1 closed                    104  u64 number of the first frame
 *     16  u8[16] log                             112  u64 count of opens
 *     32  u64 count of writings                  120  u64 created, ms
 *     40  u64 count of opens                    4092  u32 checksum of bytes 0..4091: the first value of the chain
 *     48  u64 durable up to this position
 *     56  u64 number of the last durable frame  a frame
 *     64  u64 first segment that counts            0  "KFRM"
 *     72  u64 last segment                         4  u32 length of the payload, a multiple of 8, at most 1 GiB
 *     80  u32 chain of the last durable frame      8  u64 number of the frame: one more than the one before
 *     84  u32 checksum of bytes 0..83             16  u64 durable up to this position when the frame was built
 *                                                 24  u32 number of records
 *   a record                                      28  u32 flags
 *      0  u8 type                                 32  u32 checksum of the payload
 *      1  u8 flags: 1 may be passed over          36  u32 checksum of the salt and of bytes 0..35
 *      2  u16 detail                              40  u32 chain: checksum of the chain before and of the field at 36
 *      4  u32 length of the body                  44  u32 0
 *      8  u64 group                               48  records, each padded with zeros to a multiple of 8
 *     16  body
 *
 *   type           body
 *   1 ENTRY        u64 index, u64 term, payload; detail is the entry's type
 *   2 HARD_STATE   u64 term, u64 vote, u64 commit
 *   3 SNAPSHOT     u64 index, u64 term, u64 length of the file, u32 its checksum, u32 length of its name, u32 length of the
 *                  data, u32 flags: 1 leaves the joint configuration by itself, 2 incarnations; u32 numbers of voters,
 *                  outgoing voters, learners and next learners; then u64 ids in this order; with flag 2 u64 number of
 *                  incarnations, at least 1, then for each u64 id, u64 incarnation; the name in UTF-8, the data
 *   4 INSTALL      the same; it replaces all snapshots and the whole log
 *   5 COMPACT      u64 index, u64 term: the log starts behind it
 *   6 STATE        u64 term, vote, commit, u64 index and term before the first entry, u64 index and term of the last, u32
 *                  number of snapshots, u32 0; then these, each as the body of SNAPSHOT, padded to a multiple of 8
 *   7 BOOT         u64 count of opens, u64 opened, ms, u64 bytes that were dropped behind the end
 * </pre>
 *
 * A batch is one frame: its entries, hard state and snapshot live or die together. An ENTRY voids what its group had at its
 * index and behind it; nothing is ever overwritten in place. It is of one group: all its records carry that group's id, any unsigned number,
 * 0 where the host has only one. The groups share the chain, the positions and the segments, and nothing else. The first frame of a
 * segment holds exactly one STATE for each group that has stored something, and for group 0, in ascending order of ids, so that
 * the segments before it can go: a segment does when no group needs an entry of it. The first frame after an open holds a BOOT,
 * of group 0, and a STATE for each group in which a snapshot had to be given up.
 *
 * <p>In every version the magic bytes, the major version and the checksum of IDENTITY and of segment headers stay where they
 * are. A major version, a feature, a flag of a frame, or a record that is unknown and may not be passed over, is reported as
 * a newer version, never as damage, and nothing is written.
 *
 * <p>Version 1.0 is frozen. Directories that it has written lie in the test resources as golden logs: every build opens them, and
 * must still write the same bytes. Whatever changes a byte is another version, or a feature that says so.
 *
 * <h2>Torn or corrupt</h2>
 *
 * A crash leaves the end of the log half written. That is no damage: nobody was told that it was there. Everything else is, and
 * a log that cuts it off loses what it has acknowledged. To tell the two apart, each frame says up to where the log was durable
 * when it was built, and MARK says so too. Let E be the end of the valid frames, and D the highest of those claims:
 *
 * <table>
 * <caption>Verdicts of an open</caption>
 * <tr><th>what is found</th><th>verdict</th></tr>
 * <tr><td>the end of a segment that has a successor is not where that begins, or is followed by anything but zeros</td>
 *     <td>corrupt: it was forced before the successor had its name</td></tr>
 * <tr><td>E is before D</td><td>corrupt: bytes that were durable are gone</td></tr>
 * <tr><td>the log was closed, and E is not D, or is followed by anything but zeros</td><td>corrupt</td></tr>
 * <tr><td>a segment is missing; a file has another length than it was created with; a header, both copies of IDENTITY or both
 *     slots of MARK are damaged; MARK does not fit the chain</td><td>corrupt</td></tr>
 * <tr><td>a frame whose checksums and chain hold breaks a rule of the log</td><td>corrupt: no crash writes that</td></tr>
 * <tr><td>no snapshot's file is whole, and the log does not start at 1</td><td>corrupt</td></tr>
 * <tr><td>otherwise: E at or behind D, followed by anything but zeros</td><td>torn: replaced by zeros, and
 *     counted</td></tr>
 * <tr><td>a read fails; what looks corrupt, or torn, looks different when it is read again; the copy that an unclean open makes of
 *     the last segment is not what was read before</td>
 *     <td>{@link dev.keelraft.wal.WalFailed}: never taken for an end, or for damage, and what is there stays</td></tr>
 * <tr><td>nothing of this, and IDENTITY says that the member must rejoin</td>
 *     <td>{@link dev.keelraft.wal.WalMustRejoin}</td></tr>
 * </table>
 *
 * What this cannot see: rot in exactly the frames of the last sync before a power loss, if MARK, which is written after each
 * sync and not forced, did not reach the disk. They look torn. The group can see it: the member then acknowledges less than
 * before.
 *
 * <p>Assumed of the disk: a write changes no byte outside its range, even if it is cut short by a power loss ("powersafe
 * overwrite", as SQLite assumes). Sectors need not be atomic, and may hold anything where something was being written.
 *
 * <p>Also assumed: what a force has reported is on the disk. A device that lies, with a volatile cache that it does not flush,
 * loses acknowledged data with the power, and no log can prevent that. What this one promises there is that it makes nothing up:
 * an open finds, of all groups together, a state that the log has had as a whole, or refuses. It never shows an entry that was
 * not appended, nor a log with a hole, nor a mix of two times, but for a snapshot whose file is lost, in whose place an older one
 * may come. The loss is told, as corruption, wherever anything is left that knows better: a frame behind what is lost, the
 * header of a later segment, MARK. Where all of these are lost too, the log is as it was earlier, and only the group can tell:
 * the member acknowledges less than before. If the name of the directory is lost, there is no log, and a host that knows that
 * there was one must not create another.
 *
 * <h2>Why it holds</h2>
 *
 * <ul>
 *   <li>The <b>chain</b> over all frames shows what was dropped, swapped, repeated or spliced in. The <b>salt</b> keeps
 *       clients, who choose payloads and cannot know it, from writing what looks like a frame.
 *   <li>Segments are <b>full of zeros</b> before they are used, and keep their length: a sync changes no metadata, the end
 *       needs no length of its own, and a file that is cut short is noticed.
 *   <li>A <b>spare</b> may become a segment only when its zeros, its length and its name are on the disk. The job that prepares
 *       it touches its own file alone, under a random name; the writer takes the open file from it through one atomic
 *       reference, and whoever of the two has it last without need deletes it. If the job fails, the append that needs a
 *       segment prepares one itself, and {@link dev.keelraft.wal.SpareStatus} has said so before.
 *   <li>MARK's slot that was <b>forced last is never written</b> before the other one was forced: no crash can tear both.
 *   <li>MARK says that the log is open before its first frame is written, and says which segments count before one is deleted.
 *   <li>Whatever an open finds behind what MARK certifies it <b>writes and forces again before it shows it</b>: the last segment
 *       goes as a whole, with zeros behind its end, into a new file that takes the name of the old one; MARK does so at every
 *       open. The process may have died between a write and its force, or with a force that failed: after that, pages are clean
 *       in memory and not on the disk, and forcing them again writes nothing ("Can Applications Recover from fsync
 *       Failures?"). Writing them again in place would put at risk what is on the disk and acknowledged: the next power loss
 *       could tear it. The directories are synced up to the host's.
 *   <li>What was dropped is <b>gone from the disk</b> before anything new is written, and every run starts with a frame that no
 *       other run has written, so nothing of it can ever continue the chain.
 * </ul>
 *
 * <h2>The tools of an operator</h2>
 *
 * {@link dev.keelraft.wal.WalInspection} tells what is there and what it is worth, by the rules above: it runs the step that
 * an open begins with. It cannot write, and takes no lock. Of a log that is in use, which shows in a MARK that changes or an
 * OWNER that lives, it reads what MARK had certified before: that must be whole, and what is behind moves. Segments that are
 * released meanwhile make it read again.
 *
 * <p>{@link dev.keelraft.wal.WalRepair} writes anew what is there twice and can be read once, and cuts a damaged log at E, if
 * what is left is a log: the entries that the released segments held, and a snapshot, must not be missing. It never writes
 * where something is, and removes nothing before a copy of it is in quarantine, on the disk. If anything is cut off that was
 * durable, IDENTITY says from then on that the member must rejoin. {@link dev.keelraft.wal.WalUpgrade} is the place for the
 * steps from one version of the format to the next.
 *
 * <h2>What a flight recording shows</h2>
 *
 * Where the JVM has the module {@code jdk.jfr}, which this one does not need:
 *
 * <table>
 * <caption>Events; each has a duration but the last</caption>
 * <tr><th>event</th><th>when</th><th>fields</th></tr>
 * <tr><td>{@code dev.keelraft.wal.Sync}</td><td>frames became durable by a {@code sync}</td><td>bytes</td></tr>
 * <tr><td>{@code dev.keelraft.wal.SegmentCut}</td><td>the log goes on in a new segment</td>
 *     <td>its number, its length, whether it was prepared ahead</td></tr>
 * <tr><td>{@code dev.keelraft.wal.Release}</td><td>segments were deleted</td><td>how many, the first that is left</td></tr>
 * <tr><td>{@code dev.keelraft.wal.Recovery}</td><td>a log was opened</td>
 *     <td>count of opens, whether it was closed, bytes dropped, groups, segments</td></tr>
 * <tr><td>{@code dev.keelraft.wal.Poison}</td><td>a log has failed</td><td>what could not be done, the cause</td></tr>
 * </table>
 *
 * <h2>Limits</h2>
 *
 * <ul>
 *   <li>A directory whose sync has failed is synced again at the next open, and that is believed: names go through a journal,
 *       and a file system whose journal fails ends. If the disk is full at an open after a crash, there is no room for a new
 *       file either; then the old one is forced, and that is believed too. Should it have been clean and not on the disk, and
 *       the power go next, the log is found corrupt, not silently short.
 *   <li>A group cannot be removed: the few bytes of its state are repeated in every segment. A damaged segment stops all groups
 *       of its log.
 *   <li>Each segment keeps a file open.
 *   <li>A cut drops all that is behind the damage, also where only zeros behind the end of a segment are damaged; and a log
 *       whose release, or whose only whole snapshot, is behind the damage cannot be cut at all.
 *   <li>A writer on another machine, or in another container, shows only by the MARK that it changes.
 *   <li>Somebody may remove or replace the directory of a running log, or its LOCK. The writer looks when it cuts or deletes a
 *       segment and when it closes, and in each {@code sync}, behind the force, if the last look is a second old; then the log
 *       fails. What it has acknowledged within that second may be gone with the directory.
 *   <li>Local POSIX file systems only: directories must be syncable, renames atomic, locks real.
 * </ul>
 */
@NullMarked
package dev.keelraft.wal;

import org.jspecify.annotations.NullMarked;
