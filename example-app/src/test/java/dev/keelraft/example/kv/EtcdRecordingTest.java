package dev.keelraft.example.kv;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What etcd 3.6.16 answered is what the state answers. {@link EtcdLiveTest} tells how the recordings are made. */
class EtcdRecordingTest {
    @Test
    void random_requests_are_answered_as_by_etcd() throws IOException {
        replay("answer.txt.gz", 3_000);
    }

    @Test
    void random_requests_are_answered_as_by_an_etcd_that_keeps_no_old_revisions() throws IOException {
        replay("compact.txt.gz", 2_500);
    }

    @Test
    void what_is_on_the_edge_is_answered_as_by_etcd() throws IOException {
        replay("crafted.txt.gz", 50);

        List<String> recorded = new ArrayList<>();
        List<String> lines = EtcdRecording.lines("crafted.txt.gz");
        for (int i = 0; i < lines.size(); i += 2) {
            recorded.add(lines.get(i));
        }
        assertThat(CraftedRequests.all())
                .extracting(crafted -> EtcdRecording.line(crafted.request()))
                .as("etcd was asked just these")
                .isEqualTo(recorded);
    }

    /** Each request is followed by its answer. */
    private static void replay(String file, int atLeast) throws IOException {
        List<String> lines = EtcdRecording.lines(file);
        assertThat(lines).hasSizeGreaterThanOrEqualTo(2 * atLeast);
        TestMember member = new TestMember();
        for (int i = 0; i < lines.size(); i += 2) {
            Message request = EtcdRecording.request(lines.get(i));
            assertThat(member.ask(request))
                    .as("request %d: %s", i / 2, request)
                    .isEqualTo(EtcdRecording.answer(lines.get(i), lines.get(i + 1)));
        }
    }

    @Test
    void errors_have_the_codes_and_the_texts_of_etcd() throws IOException {
        List<String> ours = new ArrayList<>();
        for (EtcdError error : EtcdError.values()) {
            if (error != EtcdError.RESPONSE_TOO_LARGE) {
                ours.add(TestMember.error(error.code(), error.text()));
            }
        }

        assertThat(ours).containsExactlyInAnyOrderElementsOf(EtcdRecording.lines("errors.txt"));
        assertThat(EtcdError.RESPONSE_TOO_LARGE.text()).doesNotStartWith("etcdserver");
    }
}
