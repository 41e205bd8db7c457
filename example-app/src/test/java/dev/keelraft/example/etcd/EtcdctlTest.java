package dev.keelraft.example.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.example.etcd.Etcdctl.Output;
import dev.keelraft.example.kv.EtcdError;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * etcdctl, etcd's own client, takes the server for an etcd. Where it is not installed (Debian has it as {@code
 * etcd-client}), this is skipped and says so.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class EtcdctlTest {
    private final TestServer server;

    EtcdctlTest() throws IOException {
        server = new TestServer();
    }

    @BeforeAll
    static void find() throws InterruptedException {
        Etcdctl.assumeInstalled();
    }

    @AfterEach
    void stop() throws InterruptedException {
        server.stop();
    }

    private Output etcdctl(String... arguments) throws IOException, InterruptedException {
        return etcdctlWithInput("", arguments);
    }

    private Output etcdctlWithInput(String input, String... arguments) throws IOException, InterruptedException {
        return Etcdctl.run(server.url(), input, arguments);
    }

    private void assertPrints(String expected, String... arguments) throws IOException, InterruptedException {
        assertThat(etcdctl(arguments)).isEqualTo(new Output(0, expected));
    }

    @Test
    void put_get_and_del() throws IOException, InterruptedException {
        assertPrints("OK\n", "put", "fruit/apple", "red");
        assertPrints("OK\n", "put", "fruit/pear", "green");
        assertPrints("OK\nfruit/pear\ngreen\n", "put", "--prev-kv", "fruit/pear", "yellow");
        assertPrints("fruit/pear\nyellow\n", "get", "fruit/pear");
        assertPrints("", "get", "none");
        assertPrints("fruit/apple\nred\nfruit/pear\nyellow\n", "get", "--prefix", "fruit");
        assertPrints(
                "fruit/pear\n\nfruit/apple\n\n",
                "get",
                "--prefix",
                "fruit",
                "--keys-only",
                "--sort-by=MODIFY",
                "--order=DESCEND");
        assertPrints("fruit/pear\nyellow\n", "get", "--from-key", "fruit/b");
        assertPrints("fruit/apple\nred\n", "get", "--prefix", "fruit", "--limit=1", "--consistency=s");
        assertPrints("1\nfruit/apple\nred\n", "del", "--prev-kv", "fruit/apple");
        assertPrints("1\n", "del", "--prefix", "fruit");
        assertPrints("0\n", "del", "--prefix", "fruit");
    }

    @Test
    void get_as_json_has_the_revisions() throws IOException, InterruptedException {
        etcdctl("put", "a", "1");
        etcdctl("put", "a", "2");

        Output output = etcdctl("get", "a", "-w", "json");

        assertThat(output.exitCode()).isZero();
        assertThat(output.text())
                .contains("\"revision\":3")
                .contains("\"create_revision\":2,\"mod_revision\":3,\"version\":2")
                .contains("\"raft_term\":3");
    }

    @Test
    void txn() throws IOException, InterruptedException {
        String transaction = "mod(\"a\") > \"0\"\n\nput a again\n\nput a \"for the first time\"\nget a\n\n";

        assertThat(etcdctlWithInput(transaction, "txn"))
                .isEqualTo(new Output(0, "FAILURE\n\nOK\n\na\nfor the first time\n"));
        assertThat(etcdctlWithInput(transaction, "txn")).isEqualTo(new Output(0, "SUCCESS\n\nOK\n"));
        assertPrints("a\nagain\n", "get", "a");
    }

    @Test
    void member_list() throws IOException, InterruptedException {
        String id = Long.toHexString(DirectBackend.MEMBER);

        assertPrints(id + ", started, n1, http://127.0.0.1:2380, " + server.url() + ", false\n", "member", "list");
        assertThat(etcdctl("member", "list", "-w", "table").text()).containsPattern(id + " \\| started \\| +n1 +\\|");
    }

    @Test
    void endpoint_status() throws IOException, InterruptedException {
        Output table = etcdctl("endpoint", "status", "-w", "table");

        assertThat(table.exitCode()).isZero();
        assertThat(table.text())
                .contains("| " + server.url() + " | " + Long.toHexString(DirectBackend.MEMBER) + " | 3.6.")
                .containsPattern("\\| +true \\| +false \\| +3 \\|");
        assertThat(etcdctl("endpoint", "status", "--cluster", "-w", "simple").text())
                .startsWith(server.url() + ", " + Long.toHexString(DirectBackend.MEMBER) + ", 3.6.");
    }

    @Test
    void endpoint_health() throws IOException, InterruptedException {
        Output output = etcdctl("endpoint", "health");

        assertThat(output.exitCode()).isZero();
        assertThat(output.text()).startsWith(server.url() + " is healthy: successfully committed proposal");
    }

    @Test
    void errors_have_the_texts_of_etcd() throws IOException, InterruptedException {
        etcdctl("put", "a", "1");

        assertFails(EtcdError.FUTURE_REVISION.text(), "get", "a", "--rev=99");
        assertFails(EtcdError.COMPACTED.text(), "get", "a", "--rev=1");
        assertFails(EtcdError.LEASE_NOT_FOUND.text(), "put", "a", "1", "--lease=1234");
        assertFails("Unimplemented", "compaction", "1");
        assertFails("Unimplemented", "lease", "grant", "60");
    }

    private void assertFails(String text, String... arguments) throws IOException, InterruptedException {
        Output output = etcdctl(arguments);
        assertThat(output.exitCode()).isNotZero();
        assertThat(output.text()).contains(text);
    }
}
