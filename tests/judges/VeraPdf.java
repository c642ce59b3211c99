import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.LogManager;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.validation.profiles.Profiles;
import org.verapdf.pdfa.validation.profiles.Rule;
import org.verapdf.pdfa.validation.profiles.ValidationProfile;
import org.verapdf.pdfa.validation.profiles.Variable;
import org.w3c.dom.Element;

/**
 * Validates files with veraPDF against its own profiles. Arguments: flavours ("2a,ua1"), then paths. For each a line: path,
 * flavour, and how many checks failed, then a line for each rule that failed, each field behind a tab.
 *
 * The jar has the profiles, not the library that turns their XML into objects, so they are read here.
 */
public class VeraPdf {
    private static final Map<String, String> PROFILES = Map.of("2a", "PDFA-2A.xml", "ua1", "PDFUA-1.xml");

    public static void main(String[] args) throws Exception {
        LogManager.getLogManager().reset();
        VeraGreenfieldFoundryProvider.initialise();
        for (String id : args[0].split(",")) {
            PDFAFlavour flavour = PDFAFlavour.byFlavourId(id);
            ValidationProfile profile = profile(flavour, PROFILES.get(id));
            for (String path : List.of(args).subList(1, args.length)) judge(path, id, flavour, profile);
        }
    }

    private static void judge(String path, String id, PDFAFlavour flavour, ValidationProfile profile) throws Exception {
        try (var file = Files.newInputStream(Path.of(path));
                var parser = Foundries.defaultInstance().createParser(file, flavour);
                var validator = Foundries.defaultInstance().createValidator(profile, false)) {
            var result = validator.validate(parser);
            Set<String> failed = new TreeSet<>();
            for (TestAssertion one : result.getTestAssertions())
                if (one.getStatus() == TestAssertion.Status.FAILED)
                    failed.add(one.getRuleId().getClause() + "-" + one.getRuleId().getTestNumber() + " " + one.getMessage());
            if (result.isCompliant() != failed.isEmpty()) throw new IllegalStateException("verdict and failures differ");
            if (result.getTotalAssertions() == 0) throw new IllegalStateException("nothing was checked");
            System.out.println(path + "\t" + id + "\t" + failed.size());
            failed.forEach(one -> System.out.println("\t" + one.replace('\n', ' ')));
        }
    }

    private static ValidationProfile profile(PDFAFlavour flavour, String name) throws Exception {
        Element read;
        try (var xml = Profiles.class.getResourceAsStream("/org/verapdf/pdfa/validation/" + name)) {
            read = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(xml).getDocumentElement();
        }
        Set<Rule> rules = new HashSet<>();
        for (Element rule : named(read, "rule")) {
            Element id = named(rule, "id").get(0);
            var specification = PDFAFlavour.Specification.valueOf(id.getAttribute("specification"));
            int number = Integer.parseInt(id.getAttribute("testNumber"));
            rules.add(Profiles.ruleFromValues(
                    Profiles.ruleIdFromValues(specification, id.getAttribute("clause"), number),
                    rule.getAttribute("object"), Boolean.valueOf(rule.getAttribute("deferred")), rule.getAttribute("tags"),
                    text(rule, "description"), text(rule, "test"),
                    Profiles.errorFromValues(text(rule, "message"), List.of()), List.of()));
        }
        Set<Variable> variables = new HashSet<>();
        for (Element one : named(read, "variable"))
            variables.add(Profiles.variableFromValues(
                    one.getAttribute("name"), one.getAttribute("object"), text(one, "defaultValue"), text(one, "value")));
        if (rules.size() < 50 || rules.size() != named(read, "rule").size()) throw new IllegalStateException("rules are lost");
        var details = Profiles.profileDetailsFromValues(name, name, "veraPDF Consortium", new Date(0));
        return Profiles.profileFromValues(flavour, details, "", rules, variables);
    }

    private static List<Element> named(Element in, String tag) {
        var found = in.getElementsByTagName(tag);
        return IntStream.range(0, found.getLength()).mapToObj(at -> (Element) found.item(at)).toList();
    }

    private static String text(Element in, String tag) {
        return named(in, tag).get(0).getTextContent();
    }
}
