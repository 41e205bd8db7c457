package dev.keelraft.example;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.keelraft.RawNode;
import dev.keelraft.Ready;
import dev.keelraft.wal.Wal;
import java.util.Random;
import net.jqwik.api.Example;

/** What the parts of the server do not depend on. */
class ArchitectureTest {
    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.keelraft.example");

    @Example
    void the_state_machine_has_no_threads_files_networks_clocks_or_loggers() {
        noClasses()
                .that()
                .resideInAPackage("dev.keelraft.example.kv")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "java.util.concurrent..",
                        "java.util.logging..",
                        "java.nio.file..",
                        "java.nio.channels..",
                        "java.net..",
                        "java.time..",
                        "java.security..",
                        "org.slf4j..",
                        "io.grpc..",
                        "dev.keelraft",
                        "dev.keelraft.wal..",
                        "dev.keelraft.proto..",
                        "dev.keelraft.example",
                        "dev.keelraft.example.etcd",
                        "dev.keelraft.example.peer..",
                        "dev.keelraft.example.server..",
                        "dev.keelraft.example.demo..",
                        "dev.keelraft.example.bench..",
                        "dev.keelraft.example.wal..")
                .check(MAIN);
        noClasses()
                .that()
                .resideInAPackage("dev.keelraft.example.kv")
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(Thread.class, Random.class, System.class)
                .check(MAIN);
    }

    @Example
    void the_services_know_nothing_behind_their_door() {
        noClasses()
                .that()
                .resideInAPackage("dev.keelraft.example.etcd")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.keelraft",
                        "dev.keelraft.wal..",
                        "dev.keelraft.proto..",
                        "dev.keelraft.example",
                        "dev.keelraft.example.peer..",
                        "dev.keelraft.example.server..",
                        "dev.keelraft.example.demo..",
                        "dev.keelraft.example.bench..",
                        "dev.keelraft.example.wal..")
                .check(MAIN);
    }

    @Example
    void the_transport_knows_messages_and_neither_the_log_nor_what_is_replicated() {
        noClasses()
                .that()
                .resideInAPackage("dev.keelraft.example.peer")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.keelraft.wal..",
                        "dev.keelraft.example",
                        "dev.keelraft.example.kv..",
                        "dev.keelraft.example.etcd..",
                        "dev.keelraft.example.server..",
                        "dev.keelraft.example.demo..",
                        "dev.keelraft.example.bench..",
                        "dev.keelraft.example.wal..")
                .check(MAIN);
    }

    @Example
    void the_server_does_not_know_the_commands_around_it() {
        noClasses()
                .that()
                .resideInAPackage("dev.keelraft.example.server")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.keelraft.example",
                        "dev.keelraft.example.demo..",
                        "dev.keelraft.example.bench..",
                        "dev.keelraft.example.wal..")
                .check(MAIN);
    }

    /** Others reach it through the inbox: the kernel and the log belong to one thread. */
    @Example
    void only_the_server_touches_the_kernel_and_the_log() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.keelraft.example.server")
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(RawNode.class, Ready.class, Wal.class)
                .check(MAIN);
    }

    @Example
    void demo_and_bench_know_a_server_by_its_api_alone() {
        noClasses()
                .that()
                .resideInAnyPackage("dev.keelraft.example.demo", "dev.keelraft.example.bench")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.keelraft",
                        "dev.keelraft.wal..",
                        "dev.keelraft.proto..",
                        "dev.keelraft.example.kv..",
                        "dev.keelraft.example.server..",
                        "dev.keelraft.example.peer..")
                .check(MAIN);
    }

    @Example
    void the_tool_of_the_log_knows_the_log_alone() {
        noClasses()
                .that()
                .resideInAPackage("dev.keelraft.example.wal")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.keelraft",
                        "dev.keelraft.proto..",
                        "dev.keelraft.example",
                        "dev.keelraft.example.kv..",
                        "dev.keelraft.example.etcd..",
                        "dev.keelraft.example.peer..",
                        "dev.keelraft.example.server..",
                        "dev.keelraft.example.demo..",
                        "dev.keelraft.example.bench..")
                .check(MAIN);
    }

    @Example
    void every_class_is_final() {
        classes()
                .that()
                .resideInAnyPackage(
                        "dev.keelraft.example",
                        "dev.keelraft.example.kv",
                        "dev.keelraft.example.etcd",
                        "dev.keelraft.example.peer",
                        "dev.keelraft.example.server",
                        "dev.keelraft.example.demo",
                        "dev.keelraft.example.bench",
                        "dev.keelraft.example.wal")
                .and()
                .areNotInterfaces()
                .and()
                .areNotEnums()
                .and()
                .areNotAnonymousClasses()
                .should()
                .haveModifier(JavaModifier.FINAL)
                .check(MAIN);
    }
}
