// Tells the version of Apache HttpClient.
import org.apache.hc.core5.util.VersionInfo;

class ApacheVersion {
  public static void main(String[] arguments) {
    var found = VersionInfo.loadVersionInfo("org.apache.hc.client5", null);
    System.out.println("httpclient5 " + found.getRelease());
  }
}
