package dev.keelraft.proto;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import net.jqwik.api.Example;

/** What the codec does not depend on. */
class ArchitectureTest {
    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.keelraft.proto");
    private static final Set<String> PROTOBUF = Set.of(
            CodedInputStream.class.getName(),
            CodedOutputStream.class.getName(),
            InvalidProtocolBufferException.class.getName());

    @Example
    void the_codec_does_without_the_generated_classes() {
        assertThat(MAIN.contain(dev.keelraft.proto.wire.Message.class)).isTrue();

        noClasses()
                .that()
                .resideInAPackage("dev.keelraft.proto")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.keelraft.proto.wire")
                .check(MAIN);
    }

    @Example
    void of_protobuf_the_codec_takes_the_streams_alone() {
        noClasses()
                .that()
                .resideInAPackage("dev.keelraft.proto")
                .should()
                .dependOnClassesThat(DescribedPredicate.describe(
                        "are protobuf's, other than its streams",
                        (JavaClass type) -> type.getPackageName().startsWith("com.google.protobuf")
                                && !PROTOBUF.contains(type.getName())))
                .check(MAIN);
    }

    @Example
    void the_codec_has_no_threads_files_clocks_or_loggers() {
        noClasses()
                .that()
                .resideInAPackage("dev.keelraft.proto")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "java.util.concurrent..",
                        "java.util.logging..",
                        "java.util.stream..",
                        "java.nio.file..",
                        "java.net..",
                        "java.time..")
                .check(MAIN);
    }

    @Example
    void every_class_is_final() {
        classes()
                .that()
                .resideInAPackage("dev.keelraft.proto")
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
