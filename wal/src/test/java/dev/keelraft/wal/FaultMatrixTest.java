package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/**
 * The faults that one member's log must survive, refuse or report, by number, and the tests named after them: the place to begin
 * for whoever wants to know whether something was tried. "Processes" stands for tests with real processes, strace, kill -9 and
 * small file systems, which need Linux and run with {@code -Pfaults}; they come on top of what is named here.
 */
class FaultMatrixTest {
    private static final String PROCESSES = "processes, with -Pfaults";

    private static final List<Row> ROWS = List.of(
            row(1, "power loss after any subset of a sync's sectors, in any order")
                    .by(UnsyncedSectorsTest.class, "any_subset_of_unsynced_sectors_leaves_a_prefix_of_the_batches")
                    .by(CrashTest.class, "a_power_loss_at_any_operation_loses_nothing_acknowledged")
                    .by(PowerLossesTest.class, "power_losses_in_great_number_lose_nothing_and_raise_no_alarm"),
            row(2, "the same, with garbage in what was being written")
                    .by(
                            UnsyncedSectorsTest.class,
                            "garbage_in_any_subset_of_unsynced_sectors_leaves_a_prefix_of_the_batches"),
            row(3, "the same, with sectors written by half")
                    .by(
                            UnsyncedSectorsTest.class,
                            "the_first_halves_of_any_subset_of_unsynced_sectors_leave_a_prefix_of_the_batches",
                            "the_second_halves_of_any_subset_of_unsynced_sectors_leave_a_prefix_of_the_batches"),
            row(4, "a later frame is there, an earlier one is not")
                    .by(
                            UnsyncedSectorsTest.class,
                            "a_later_batch_that_came_before_an_earlier_one_is_dropped_with_it_and_counted")
                    .by(RecoveryTest.class, "a_torn_frame_is_dropped_and_so_are_whole_frames_behind_it"),
            row(5, "a later frame certifies a damaged one")
                    .by(RecoveryTest.class, "a_frame_behind_the_damage_that_certifies_it_proves_corruption"),
            row(6, "lengths are there, data are not")
                    .by(CrashTest.class, "lengths_and_names_without_data_lose_nothing_acknowledged"),
            row(7, "data are there, lengths are not")
                    .by(CrashTest.class, "data_without_lengths_loses_nothing_acknowledged"),
            row(8, "a file that was not closed, cut at any byte")
                    .by(
                            SweepTest.class,
                            "a_truncated_log_that_was_not_closed_is_refused_or_has_all_that_was_acknowledged"),
            row(9, "a closed file cut at any byte").by(SweepTest.class, "no_truncation_of_a_closed_log_goes_unnoticed"),
            row(10, "any bit flipped")
                    .by(
                            SweepTest.class,
                            "no_flipped_bit_of_a_closed_log_goes_unnoticed_or_changes_the_state",
                            "no_flipped_bit_of_a_log_that_was_not_closed_costs_anything_acknowledged"),
            row(11, "any byte 00, FF or another")
                    .by(
                            SweepTest.class,
                            "no_byte_of_a_closed_log_that_became_another_goes_unnoticed_or_changes_the_state"),
            row(12, "any sector zeroed, random, or a copy of another")
                    .by(
                            SweepTest.class,
                            "no_zeroed_or_misdirected_sector_of_a_closed_log_goes_unnoticed_or_changes_the_state"),
            row(13, "sectors, pages or frames swapped, a frame repeated or removed")
                    .by(
                            SpliceTest.class,
                            "two_sectors_in_each_others_place_are_noticed",
                            "two_pages_in_each_others_place_are_noticed",
                            "two_frames_in_each_others_place_are_noticed",
                            "a_frame_that_is_there_twice_is_noticed",
                            "a_frame_that_was_removed_at_its_borders_is_noticed",
                            "a_frame_of_another_history_of_the_same_segment_is_noticed"),
            row(14, "a segment of another log, or an older copy of one")
                    .by(
                            RecoveryTest.class,
                            "a_segment_of_another_log_is_refused",
                            "a_segment_of_another_history_of_the_same_log_is_refused",
                            "an_older_copy_of_the_last_segment_is_refused"),
            row(15, "a segment missing").by(RecoveryTest.class, "any_missing_segment_is_noticed"),
            row(16, "files that do not belong there")
                    .by(
                            RecoveryTest.class,
                            "a_segment_that_mark_cannot_know_is_refused",
                            "names_that_are_not_of_segments_are_left_alone"),
            row(17, "frames of a file that was used before")
                    .by(SpliceTest.class, "frames_of_another_segment_behind_the_end_are_no_part_of_the_log")
                    .by(RecoveryTest.class, "frames_of_an_earlier_run_never_come_back")
                    .except("files are not recycled in version 1"),
            row(18, "payloads that look like frames")
                    .by(
                            SpliceTest.class,
                            "a_payload_that_looks_like_a_frame_fools_nobody",
                            "a_frame_with_the_right_salt_behind_the_end_is_believed"),
            row(19, "any read of a recovery fails")
                    .by(CrashTest.class, "a_failed_read_ends_an_open_and_changes_nothing")
                    .except(PROCESSES),
            row(20, "any write fails")
                    .by(CrashTest.class, "after_a_failed_operation_nothing_is_acknowledged_and_nothing_was_lost")
                    .except(PROCESSES),
            row(21, "any force fails, and the next one would not")
                    .by(CrashTest.class, "after_a_failed_operation_nothing_is_acknowledged_and_nothing_was_lost")
                    .except(PROCESSES),
            row(22, "after that the page cache has what the disk has not")
                    .by(
                            CrashTest.class,
                            "what_a_restart_after_a_failed_force_has_found_survives_a_power_loss",
                            "restarts_that_fail_in_the_same_boot_lose_nothing")
                    .by(LyingDiskTest.class, "what_a_lying_disk_has_lost_is_refused_or_leaves_the_log_as_it_once_was"),
            row(23, "any sync of a directory, rename, removal or close fails")
                    .by(CrashTest.class, "after_a_failed_operation_nothing_is_acknowledged_and_nothing_was_lost")
                    .by(
                            DiskFaultTest.class,
                            "a_close_that_fails_is_said_and_has_lost_nothing",
                            "a_released_segment_that_cannot_be_closed_poisons"),
            row(24, "no space for a spare")
                    .by(SpareTest.class, "a_full_disk_is_said_early_and_costs_nothing_until_the_segment_is_full")
                    .except(PROCESSES),
            row(25, "no space in the middle of an append")
                    .by(SpaceTest.class, "a_batch_that_finds_no_room_is_refused_and_goes_in_once_there_is_some")
                    .except(PROCESSES),
            row(26, "no space at any operation")
                    .by(
                            DiskFaultTest.class,
                            "no_space_at_any_single_operation_loses_nothing",
                            "a_disk_that_is_full_from_any_operation_on_loses_nothing")
                    .by(SpaceTest.class, "a_full_disk_can_be_opened_after_any_power_loss"),
            row(27, "a limit on the length of files").except(PROCESSES),
            row(28, "no file descriptor")
                    .by(
                            WalTest.class,
                            "a_segment_that_cannot_be_opened_for_lack_of_descriptors_is_refused_and_goes_in_later",
                            "a_log_that_cannot_be_opened_for_lack_of_descriptors_says_so_and_can_be_opened_later")
                    .except(PROCESSES),
            row(29, "writes and reads that are short, or do nothing")
                    .by(
                            ShortWritesTest.class,
                            "short_writes_are_continued_where_they_have_ended",
                            "short_reads_are_continued_where_they_have_ended",
                            "a_write_that_takes_nothing_ends_with_an_error_and_not_in_a_loop")
                    .except(PROCESSES),
            row(30, "the process dies at any operation")
                    .by(CrashTest.class, "what_was_found_after_the_process_died_survives_a_power_loss")
                    .except(PROCESSES),
            row(31, "crashes in the recovery from crashes")
                    .by(CrashTest.class, "power_losses_during_recovery_lead_to_the_same_state"),
            row(32, "the caller is interrupted")
                    .by(
                            DiskWalTest.class,
                            "an_interrupted_thread_stores_as_any_other_and_stays_interrupted",
                            "interruptions_at_any_moment_do_not_close_the_log"),
            row(33, "the writer's thread is interrupted")
                    .by(DiskWalTest.class, "interruptions_at_any_moment_do_not_close_the_log")
                    .except("there is no writer's thread but the caller's"),
            row(34, "opened twice")
                    .by(RecoveryTest.class, "a_second_open_is_refused_and_the_first_goes_on")
                    .by(
                            DiskWalTest.class,
                            "a_second_open_in_this_process_is_refused_and_the_lock_still_keeps_others_out",
                            "a_link_leads_to_the_same_lock")
                    .except(PROCESSES),
            row(35, "LOCK or the directory replaced while it runs")
                    .by(
                            DiskWalTest.class,
                            "a_directory_that_disappears_under_a_running_log_poisons_it",
                            "a_directory_that_is_replaced_under_a_running_log_poisons_it_and_is_left_alone")
                    .by(WalTest.class, "a_removed_lock_poisons_at_the_next_segment"),
            row(36, "somebody in this process reads LOCK")
                    .by(DiskWalTest.class, "a_copy_of_the_classes_in_this_process_does_not_break_the_lock")
                    .except(PROCESSES),
            row(37, "a directory that may not be written")
                    .by(DiskWalTest.class, "a_log_that_may_not_be_written_is_refused_before_anything_is_changed")
                    .except(PROCESSES),
            row(38, "the clock jumps").by(WalTest.class, "the_clock_decides_nothing"),
            row(39, "an error in the middle of a batch").by(WalTest.class, "an_error_in_the_middle_of_a_batch_poisons"),
            row(40, "the largest, the smallest, the last")
                    .by(
                            LimitsTest.class,
                            "entries_without_a_byte_and_batches_without_entries_are_as_good_as_any",
                            "the_largest_entry_that_the_kernel_takes_is_found_again",
                            "a_batch_that_no_frame_can_hold_is_refused_before_memory_is_taken_for_it",
                            "no_index_or_term_wraps"),
            row(41, "lengths that cannot be")
                    .by(
                            LimitsTest.class,
                            "no_length_in_a_frame_is_believed_before_it_was_compared_with_the_file",
                            "no_length_of_a_segment_is_believed_before_it_was_compared_with_the_file",
                            "no_length_or_count_in_a_record_is_believed_before_it_was_compared_with_the_frame"),
            row(42, "any bytes as any file")
                    .by(
                            BytesFromDiskTest.class,
                            "a_damaged_directory_leads_to_a_verdict",
                            "damage_with_right_checksums_leads_to_every_verdict",
                            "any_bytes_as_a_file_lead_to_a_verdict")
                    .except("on top of it Jazzer, with -Pfuzz"),
            row(43, "tails overwritten across segments")
                    .by(ConflictsTest.class, "the_last_writer_wins_wherever_the_segments_end"),
            row(44, "a committed entry overwritten").by(AppendChecksTest.class, "a_committed_entry_is_never_replaced"),
            row(45, "a snapshot's file missing, short or damaged")
                    .by(
                            RecoveryTest.class,
                            "a_missing_snapshot_file_is_as_good_as_damaged",
                            "a_snapshot_file_that_is_cut_short_is_as_good_as_damaged",
                            "a_damaged_snapshot_file_gives_way_to_the_one_before",
                            "a_released_log_without_a_whole_snapshot_is_refused"),
            row(46, "crashes between a snapshot, its record and the release")
                    .by(CrashTest.class, "a_power_loss_at_any_operation_loses_nothing_acknowledged"),
            row(47, "released files come back")
                    .by(RecoveryTest.class, "released_segments_that_come_back_are_deleted_again"),
            row(48, "a name without its content, a content without its name")
                    .by(
                            CrashTest.class,
                            "names_without_contents_lose_nothing_acknowledged",
                            "contents_without_names_lose_nothing_acknowledged"),
            row(49, "a force that hangs")
                    .by(DiskFaultTest.class, "a_force_that_hangs_acknowledges_nothing_and_reads_go_on")
                    .except(
                            PROCESSES
                                    + "; a close waits for the disk as long as that takes, since it has no thread to give up on"),
            row(50, "a disk that gets slow")
                    .by(EventsTest.class, "a_recording_shows_opens_syncs_cuts_releases_and_failures")
                    .except("the duration of each sync is shown; what follows from it is the host's business"),
            row(51, "the log of another member or cluster")
                    .by(RecoveryTest.class, "the_log_of_another_member_or_cluster_is_refused_and_not_touched"),
            row(52, "a restored backup")
                    .by(RecoveryTest.class, "a_restored_backup_opens_and_its_count_of_opens_comes_a_second_time"),
            row(53, "other versions, unknown records and features")
                    .by(
                            GoldenTest.class,
                            "golden_logs_open_in_the_state_that_is_written_beside_them",
                            "this_build_writes_golden_logs_byte_by_byte_as_version_1_0_did",
                            "a_future_version_of_each_is_refused_without_a_byte_written",
                            "a_later_minor_version_is_opened")
                    .by(RecoveryTest.class, "an_unknown_record_is_a_newer_version_unless_it_may_be_passed_over"),
            row(54, "a repair that is interrupted").except("WalRepairTest, with the tool"),
            row(55, "the process is stopped for minutes").except(PROCESSES),
            row(56, "ten thousand segments")
                    .by(LimitsTest.class, "an_open_of_many_segments_takes_time_in_proportion_and_no_more_memory")
                    .except("a thousand by default, ten thousand with -Pcrashes; on real files " + PROCESSES),
            row(57, "a bit flips between encoding and writing")
                    .except(
                            "there is no mode that encodes twice: what flips after the checksum is found by the next read,"
                                    + " as rot is; what flips before it is stored as it is"),
            row(58, "reads that differ")
                    .by(DiskFaultTest.class, "a_read_that_returns_a_wrong_bit_is_refused_or_does_no_harm"),
            row(59, "a crash between two batches of one force")
                    .by(UnsyncedSectorsTest.class, "of_two_batches_under_one_force_any_first_part_may_survive"),
            row(60, "calls from several threads")
                    .by(
                            OwnThreadTest.class,
                            "reads_and_writes_do_not_disturb_each_other",
                            "what_is_released_can_be_read_until_the_reader_has_caught_up")
                    .by(DiskWalTest.class, "reads_run_beside_a_sync")
                    .except("append, sync, release and close beside each other are forbidden, and not detected"));

    private record Named(Class<?> type, String method) {}

    /** A fault, the tests named after it, and what else there is to say. */
    private static final class Row {
        private final int number;
        private final String fault;
        private final List<Named> tests = new ArrayList<>();
        private String remark = "";

        Row(int number, String fault) {
            this.number = number;
            this.fault = fault;
        }

        Row by(Class<?> type, String... methods) {
            for (String method : methods) {
                tests.add(new Named(type, method));
            }
            return this;
        }

        Row except(String text) {
            remark = text;
            return this;
        }
    }

    private static Row row(int number, String fault) {
        return new Row(number, fault);
    }

    @Example
    void every_fault_has_its_row() {
        assertThat(ROWS)
                .extracting(row -> row.number)
                .containsExactlyElementsOf(IntStream.rangeClosed(1, 60).boxed().toList());
        assertThat(ROWS).allMatch(row -> !row.fault.isEmpty());
    }

    @Example
    void every_row_names_tests_that_exist_or_says_why_it_has_none() {
        for (Row row : ROWS) {
            assertThat(row.tests.isEmpty() && row.remark.isEmpty())
                    .as("row %s, %s", row.number, row.fault)
                    .isFalse();
            for (Named named : row.tests) {
                assertThat(isTest(named))
                        .as("row %s: %s of %s", row.number, named.method, named.type.getSimpleName())
                        .isTrue();
            }
        }
    }

    private static boolean isTest(Named named) {
        return Arrays.stream(named.type.getDeclaredMethods())
                .filter(method -> method.getName().equals(named.method))
                .anyMatch(FaultMatrixTest::isAnnotated);
    }

    private static boolean isAnnotated(Method method) {
        return method.isAnnotationPresent(Example.class)
                || method.isAnnotationPresent(Property.class)
                || method.isAnnotationPresent(Test.class);
    }
}
