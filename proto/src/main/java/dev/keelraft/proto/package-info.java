/**
 * The kernel's values on the wire, in the format of etcd's raft library ({@code go.etcd.io/raft/v3}, version 3.7.0), in both
 * directions: members of either kind can form one group.
 *
 * <p>A host needs {@link dev.keelraft.proto.MessageCodec}, {@link dev.keelraft.proto.DecodeLimits}, and {@link
 * dev.keelraft.proto.MalformedMessageException}, which says of bad bytes whether to drop the message or the connection:
 *
 * <pre>{@code
 * byte[] bytes = MessageCodec.encode(message);                  // the frame around it, with its length, is the host's
 *
 * try {
 *     inbox.add(MessageCodec.decode(bytes, DecodeLimits.DEFAULT));
 * } catch (MalformedMessageException e) {
 *     count(e.reason());
 *     if (!e.reason().dropsMessageOnly()) {
 *         connection.close();
 *     }
 * }
 * }</pre>
 *
 * <p>The other codecs are for tools and for what hosts store or stream on their own. {@code ConfChange}, the payload of entries
 * that change the members, is encoded by the kernel itself: {@link dev.keelraft.model.ConfChange#encode()}.
 *
 * <p><b>What stands where.</b> Every message has {@code type}, {@code to}, {@code from} and {@code term}, and, but for PROPOSE,
 * READ_INDEX and TRANSFER_LEADER, whose {@code from} may be another node than the sender, {@code incarnation}. Beside these:
 *
 * <table>
 * <caption>Kinds of messages and the fields of Message that they use</caption>
 * <tr><th>{@link dev.keelraft.model.MessageType}</th><th>type</th><th>etcd's name</th><th>field = component of the body</th></tr>
 * <tr><td>PROPOSE</td><td>2</td><td>MsgProp</td><td>entries, at least one, without term and index</td></tr>
 * <tr><td>APPEND</td><td>3</td><td>MsgApp</td><td>index = prevIndex, logTerm = prevTerm, commit, entries</td></tr>
 * <tr><td>APPEND_RESPONSE</td><td>4</td><td>MsgAppResp</td>
 *     <td>index, reject = rejected, rejectHint, logTerm = hintTerm</td></tr>
 * <tr><td>VOTE</td><td>5</td><td>MsgVote</td>
 *     <td>index = lastIndex, logTerm = lastTerm, context = "CampaignTransfer" if transfer, knownCommit = commit,
 *     knownCommitTerm = commitTerm, priority</td></tr>
 * <tr><td>VOTE_RESPONSE</td><td>6</td><td>MsgVoteResp</td>
 *     <td>reject = rejected, and if so knownCommit = commit, knownCommitTerm = commitTerm</td></tr>
 * <tr><td>INSTALL_SNAPSHOT</td><td>7</td><td>MsgSnap</td><td>snapshot, of an index that is not 0</td></tr>
 * <tr><td>HEARTBEAT</td><td>8</td><td>MsgHeartbeat</td>
 *     <td>commit, knownCommitTerm = commitTerm, context</td></tr>
 * <tr><td>HEARTBEAT_RESPONSE</td><td>9</td><td>MsgHeartbeatResp</td><td>context</td></tr>
 * <tr><td>TRANSFER_LEADER</td><td>13</td><td>MsgTransferLeader</td><td>none</td></tr>
 * <tr><td>TIMEOUT_NOW</td><td>14</td><td>MsgTimeoutNow</td><td>none</td></tr>
 * <tr><td>READ_INDEX</td><td>15</td><td>MsgReadIndex</td><td>entries: exactly one, data = context</td></tr>
 * <tr><td>READ_INDEX_RESPONSE</td><td>16</td><td>MsgReadIndexResp</td>
 *     <td>index, entries: exactly one, data = context</td></tr>
 * <tr><td>PRE_VOTE</td><td>17</td><td>MsgPreVote</td><td>as VOTE</td></tr>
 * <tr><td>PRE_VOTE_RESPONSE</td><td>18</td><td>MsgPreVoteResp</td><td>as VOTE_RESPONSE</td></tr>
 * <tr><td>none</td><td>0, 1, 10 to 12, 19 to 23</td><td>local ones</td>
 *     <td>dropped, {@link dev.keelraft.proto.MalformedMessageException.Reason#LOCAL_KIND}</td></tr>
 * <tr><td>none</td><td>others</td><td></td>
 *     <td>dropped, {@link dev.keelraft.proto.MalformedMessageException.Reason#UNKNOWN_KIND}</td></tr>
 * </table>
 *
 * <p>What decoding checks beyond the format: the entries of an append follow {@code prevIndex} without a gap, and their terms,
 * from {@code prevTerm} on, never fall and never pass the message's; terms and indexes are below 2<sup>63</sup>; a
 * configuration names no id twice in a list. Node ids of messages are not checked here, as the kernel knows who is who.
 *
 * <p><b>The schema.</b> {@code raft.proto} has etcd's field numbers and types. {@code dev.keelraft.proto.wire} has the classes
 * that protobuf generates from it, for hosts that want them and as the oracle of the tests. The codecs neither use nor load
 * them, but only protobuf's {@code CodedInputStream} and {@code CodedOutputStream}; so a host with another version of
 * protobuf-java, which may refuse generated classes of this one, can still use them. Fields of Keel's own
 * start at number 1000; etcd's members skip them, and do not send them.
 *
 * <p>Read {@code raft.proto} first, then {@code MessageFields}, where the table above is code, then {@code MessageCodec} and
 * {@code WireInput}.
 */
@NullMarked
package dev.keelraft.proto;

import org.jspecify.annotations.NullMarked;
