// Checks ontologies with OWLAPI and HermiT: the OWL 2 DL profile, consistency, and that every
// class can have an instance. `make reason` runs it; the Java launcher compiles it.
//
//     java -cp 'build/owl/jars/*' tools/reason/Reason.java ONTOLOGY.ttl [MORE.ttl ...]
//
// The files are read as one ontology, so that instances can be checked too. Exit status: 0 all
// well, 1 something is wrong (each finding is a line), 2 a file cannot be read.

import java.io.File;
import java.util.ArrayList;
import java.util.List;
import org.semanticweb.HermiT.ReasonerFactory;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.model.*;
import org.semanticweb.owlapi.profiles.OWL2DLProfile;
import org.semanticweb.owlapi.profiles.OWLProfileViolation;
import org.semanticweb.owlapi.reasoner.OWLReasoner;

public class Reason {
    public static void main(String[] paths) {
        OWLOntology merged;
        try {
            merged = read(paths);
        } catch (OWLOntologyCreationException error) {
            System.out.println("cannot be read: " + error.getMessage());
            System.exit(2);
            return;
        }
        List<String> found = new ArrayList<>();
        for (OWLProfileViolation one : new OWL2DLProfile().checkOntology(merged).getViolations()) {
            found.add("not OWL 2 DL: " + one);
        }
        OWLReasoner reasoner = new ReasonerFactory().createReasoner(merged);
        if (!reasoner.isConsistent()) {
            found.add("inconsistent");
        } else {
            reasoner.unsatisfiableClasses()
                .filter(one -> !one.isOWLNothing())
                .forEach(one -> found.add("can have no instance: " + one));
        }
        System.out.printf(
            "%d classes, %d axioms, %d individuals%n",
            merged.classesInSignature().count(), merged.getAxiomCount(),
            merged.individualsInSignature().count());
        found.forEach(System.out::println);
        System.exit(found.isEmpty() ? 0 : 1);
    }

    /** All axioms and the annotations of the first; imports are not fetched: give their files. */
    private static OWLOntology read(String[] paths) throws OWLOntologyCreationException {
        OWLOntologyManager manager = OWLManager.createOWLOntologyManager();
        manager.getOntologyConfigurator().setMissingImportHandlingStrategy(
            MissingImportHandlingStrategy.SILENT);
        OWLOntology merged = manager.createOntology();
        for (String path : paths) {
            OWLOntologyManager own = OWLManager.createOWLOntologyManager();
            own.getOntologyConfigurator().setMissingImportHandlingStrategy(
                MissingImportHandlingStrategy.SILENT).setFollowRedirects(false);
            own.getIRIMappers().add((OWLOntologyIRIMapper) iri -> IRI.create(new File("/nowhere")));
            OWLOntology one = own.loadOntologyFromOntologyDocument(new File(path));
            one.axioms().forEach(axiom -> manager.addAxiom(merged, axiom));
        }
        return merged;
    }
}
