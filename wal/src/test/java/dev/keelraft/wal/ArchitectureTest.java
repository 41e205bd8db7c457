package dev.keelraft.wal;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import net.jqwik.api.Example;

/** The log depends on the JDK and the kernel's open packages, and touches files in one place. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.keelraft.wal");

    @Example
    void it_depends_on_the_jdk_and_the_kernels_open_packages_alone() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideOutsideOfPackages(
                        "java..",
                        "jdk.jfr..",
                        "org.jspecify..",
                        "dev.keelraft.wal",
                        "dev.keelraft",
                        "dev.keelraft.model")
                .check(CLASSES);
    }

    @Example
    void only_the_file_layer_touches_the_file_system() {
        noClasses()
                .that()
                .doNotHaveSimpleName("DiskLock")
                .and()
                .haveNameNotMatching(".*DiskFiles(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(java.nio.file.Files.class, java.io.File.class, java.io.RandomAccessFile.class)
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("java.nio.channels..")
                .check(CLASSES);
    }

    /* The module of the flight recorder may be missing: see Events. */
    @Example
    void only_the_events_know_the_flight_recorder() {
        noClasses()
                .that()
                .haveNameNotMatching(".*Events(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.jfr..")
                .check(CLASSES);
    }

    @Example
    void it_starts_no_thread_and_asks_no_clock() {
        noClasses()
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(Thread.class, "start")
                .orShould()
                .dependOnClassesThat()
                .belongToAnyOf(java.util.concurrent.Executors.class, java.util.concurrent.ForkJoinPool.class)
                .orShould()
                .dependOnClassesThat()
                .resideInAnyPackage("java.net..", "java.util.logging..")
                .check(CLASSES);
    }
}
