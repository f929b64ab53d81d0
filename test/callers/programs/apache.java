// Asks with Apache HttpClient 5, as it comes: apache.java URL BODY
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;

class Apache {
  public static void main(String[] arguments) throws Exception {
    try (var client = HttpClients.createDefault()) {
      var request = new HttpPost(arguments[0]);
      request.setEntity(new StringEntity(arguments[1], ContentType.APPLICATION_JSON));
      String said =
          client.execute(
              request, answer -> answer.getCode() + " " + EntityUtils.toString(answer.getEntity()));
      System.out.println(said);
    }
  }
}
